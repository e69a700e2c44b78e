// Extended headers of the pax format: `LENGTH KEY=VALUE\n`, one after another (pax(1), "pax Extended Header").

const RECORD = /^(\d{1,7}) /
/** Other records describe what a guest does not see. */
const KNOWN = /^(path|linkpath|size|uid|gid|mtime|GNU\.sparse\..{1,20})$/
const NEWLINE = 0x0a

/** The records that matter. Values are bytes. Later records replace earlier ones. @returns undefined when they are damaged */
export function parsePax(bytes: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const match = RECORD.exec(bytes.toString('latin1', at, at + 8))
    if (match === null) return undefined
    const length = Number(match[1])
    const end = at + length - 1
    if (length <= match[0].length || end >= bytes.length || bytes[end] !== NEWLINE) return undefined
    const record = bytes.toString('latin1', at + match[0].length, end)
    const equals = record.indexOf('=')
    if (equals < 1) return undefined
    const key = record.slice(0, equals)
    if (KNOWN.test(key)) records.set(key, record.slice(equals + 1))
    at = end + 1
  }
  return records
}
