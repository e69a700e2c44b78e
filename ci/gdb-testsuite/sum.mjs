// What DejaGnu's .sum files say, and what one server passes that another does not.

const RESULT = /^(PASS|FAIL|XPASS|XFAIL|KPASS|KFAIL|UNTESTED|UNRESOLVED|UNSUPPORTED|ERROR): (.*)$/gm
const BAD = ['FAIL', 'XPASS', 'KPASS', 'UNRESOLVED', 'ERROR']

/**
 * @param {string} text a .sum file
 * @returns {{result: string, name: string}[]} in order; several may have one name
 */
export function parseSum(text) {
  return [...text.matchAll(RESULT)].map(([, result, name]) => ({result, name: withoutNumbers(name)}))
}

/** Addresses, processes and ports are different each time. */
function withoutNumbers(name) {
  return name.replace(/0x[0-9a-f]{6,}|\b\d{4,}\b/g, 'N')
}

/** @returns {number} how many have that result */
export const count = (rows, ...results) => rows.filter(({result}) => results.includes(result)).length
export const passes = (rows) => count(rows, 'PASS', 'XFAIL', 'KFAIL')
export const failures = (rows) => count(rows, ...BAD)

/**
 * @param {{result: string, name: string}[]} reference
 * @param {{result: string, name: string}[]} ours
 * @returns {string[]} the tests that pass more often in the first, with what the other says: `FAIL: name`
 */
export function lostPasses(reference, ours) {
  const left = new Map()
  for (const {result, name} of ours) if (result === 'PASS') left.set(name, (left.get(name) ?? 0) + 1)
  const lost = []
  for (const {result, name} of reference) {
    if (result !== 'PASS') continue
    const more = left.get(name) ?? 0
    if (more > 0) left.set(name, more - 1)
    else
      lost.push(
        `${ours.find((row) => row.name === name && row.result !== 'PASS')?.result ?? 'absent'}: ${name}`,
      )
  }
  return lost
}
