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

/** A thread's number, `all`, or any one. */
export type ThreadId = number | 'all' | 'any'

const ID = /^(?:p(-1|[0-9a-f]{1,8}))?(?:(?:^|\.)(-1|[0-9a-f]{1,8}))?$/i

/**
 * `TID`, `pPID.TID` or `pPID`, which means all threads of the process.
 * @param pid the only process that there is
 * @returns undefined when it names none
 */
export function parseThreadId(text: string, pid: number | undefined): ThreadId | undefined {
  const words = ID.exec(text)
  if (words === null || text === '') return undefined
  const [, process, thread = '-1'] = words
  if (process !== undefined && !isProcess(process, pid)) return undefined
  if (thread === '-1') return 'all'
  return Number.parseInt(thread, 16) || 'any'
}

/** Whether `PID` is that process, or stands for all or any. */
export function isProcess(text: string, pid: number | undefined): boolean {
  if (pid === undefined) return false
  if (text === '-1') return true
  const number = parseCount(text)
  return number === 0 || number === pid
}

/** A thread as gdb is told of it: with its process, if gdb asked for processes and there is one. */
export function threadId(thread: number, pid: number | undefined, features: ReadonlySet<string>): string {
  const tid = thread.toString(16)
  return pid !== undefined && features.has('multiprocess') ? `p${pid.toString(16)}.${tid}` : tid
}
