// The words that packets are made of: numbers, bytes, names and threads in hexadecimal. Parsing a malformed one gives undefined.

import type {Target} from './target.ts'

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
export interface ThreadId {
  readonly thread: number | 'all' | 'any'
  /** Undefined: of any process. */
  readonly process?: number
}

/** The processes that there are. */
export type Processes = Pick<Target, 'processes' | 'processOf'>

const ID = /^(?:p(-1|[0-9a-f]{1,8}))?(?:(?:^|\.)(-1|[0-9a-f]{1,8}))?$/i

/**
 * `TID`, `pPID.TID` or `pPID`, which means all threads of the process.
 * @returns undefined when it is malformed, or its process is not there
 */
export function parseThreadId(text: string, among: Processes): ThreadId | undefined {
  const words = ID.exec(text)
  if (words === null || text === '') return undefined
  const [, named, word = '-1'] = words
  const process = named === undefined ? 'all' : parseProcess(named, among)
  if (process === undefined) return undefined
  const thread = word === '-1' ? 'all' : Number.parseInt(word, 16) || 'any'
  return process === 'all' ? {thread} : {thread, process}
}

/** @returns `all` for -1, and for 0, which is any; undefined when there is no such process */
export function parseProcess(text: string, among: Processes): number | 'all' | undefined {
  const processes = among.processes?.()
  if (processes === undefined) return undefined
  if (text === '-1') return 'all'
  const number = parseCount(text)
  if (number === 0) return 'all'
  return number !== undefined && processes.includes(number) ? number : undefined
}

/** A thread as gdb is told of it: with its process, if gdb asked for processes and there is one. */
export function threadId(thread: number, among: Processes, features: ReadonlySet<string>): string {
  const tid = thread.toString(16)
  const process = features.has('multiprocess') ? among.processOf?.(thread) : undefined
  return process === undefined ? tid : `p${process.toString(16)}.${tid}`
}
