// One row of the result, and the table of them.

/**
 * @typedef {object} Row
 * @property {string} name GROUP/WHAT
 * @property {string} unit of value and reference
 * @property {number | null} value hv's
 * @property {string} against what the reference is
 * @property {number | null} reference
 * @property {number | null} ratio value / reference
 * @property {number | null} limit for the ratio; null: only reported
 * @property {'ok' | 'over' | 'report' | 'absent' | 'failed'} verdict
 * @property {string} note
 */

/** @returns {Row} */
export function row(name, unit, value, against, reference, {limit = null, note = ''} = {}) {
  const ratio = value / reference
  const verdict = limit === null ? 'report' : ratio <= limit ? 'ok' : 'over'
  return {name, unit, value, against, reference, ratio, limit, verdict, note}
}

/**
 * A row without figures.
 * @param {'absent' | 'failed'} verdict `absent`: this host lacks what the row needs
 * @returns {Row}
 */
export function emptyRow(name, verdict, note) {
  const nothing = {value: null, reference: null, ratio: null, limit: null}
  return {name, unit: '', against: '', ...nothing, verdict, note}
}

/** @param {Row[]} rows */
export function table(rows) {
  const head = ['name', 'value', 'reference', 'ratio', 'limit', 'verdict', 'note']
  const lines = rows.map(({name, unit, value, against, reference, ratio, limit, verdict, note}) => [
    name,
    value === null ? '' : `${digits(value)} ${unit}`,
    reference === null ? '' : `${digits(reference)} ${unit} ${against}`,
    ratio === null ? '' : ratio.toFixed(3),
    limit === null ? '' : `${limit}`,
    verdict,
    note,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)))
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** How many times native, in at least two digits. */
export function times(ratio) {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toPrecision(2)}×`
}

export function digits(number) {
  return number >= 100 ? number.toFixed(0) : number.toPrecision(3)
}
