// The words that packets are made of: numbers, bytes, names and threads in hexadecimal. Parsing a malformed one gives undefined.

/** At most 64 bits. */
export function parseHex(text: string): bigint | undefined {
  return /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined
}

/** At most 32 bits: a length, an index, a signal. */
export function parseCount(text: string): number | undefined {
  return /^[0-9a-fA-F]{1,8}$/.test(text) ? Number.parseInt(text, 16) : undefined
}

/** `ADDRESS,LENGTH`. */
export function parseRange(text: string): {address: bigint; length: number} | undefined {
  const [first, second, ...rest] = text.split(',')
  const address = parseHex(first)
  const length = parseCount(second ?? '')
  if (address === undefined || length === undefined || rest.length > 0) return undefined
  return {address, length}
}

export function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function parseBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  return Buffer.from(text, 'hex')
}

/** @param text a byte string */
export function textToHex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

/** A thread's number, `all`, or any one. Processes are not named: gdb would take one for a process of its own host, and read its /proc. */
export type ThreadId = number | 'all' | 'any'

/** @returns undefined when it names none */
export function parseThreadId(text: string): ThreadId | undefined {
  if (text === '-1') return 'all'
  return /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) || 'any' : undefined
}
