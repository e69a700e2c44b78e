// The words in which a platform's native half reports a trap: native/shim/abi.h's frame and native/arch/trap_record.h.

import type {TrapRecord} from '../arch/architecture.ts'

// The trap frame, in 32-bit words.
export const STATE = 0
export const POLLING = 1
export const NUMBER = 2
export const ARGUMENTS = 4
export const ARGUMENTS_END = 16
export const RESULT_LOW = 16
export const RESULT_HIGH = 17
const CALLER_LOW = 20
const CALLER_HIGH = 21
export const FRAME_WORDS = 22
const GATE = 22
const CACHED_GATE = 24
const READ_CACHED = 26
const CACHED = 256
const CACHED_CALLS = 256
/** Including the results that programs read themselves. */
export const FRAME_PAGE_WORDS = 1024
export const REQUEST = 1
export const ANSWERED = 2

// ptrace, in place of the state: how a call came (native/ptrace/traced_context.h).
export const CAME_POLLED = 1
export const CAME_POLLED_LATE = 2
export const CAME_RANG = 3

// The TrapRecord, in 32-bit words.
export const STOPPED = 1
const VECTOR = 2
const ERROR_CODE = 3
const ADDRESS = 4
const PROGRAM_COUNTER = 6
export const HOST_ERROR = 8
export const EXIT_REASON = 9
export const SIGNAL = 10
export const CODE = 11
export const RECORD_WORDS = 12
/** The words that distinguish faults. */
export const FAULT_WORDS = [ADDRESS, ADDRESS + 1, PROGRAM_COUNTER, PROGRAM_COUNTER + 1, CODE]

const TWO_32 = 2 ** 32

/** Copies the call's number and arguments. Word by word: a loop takes 10 ns more, TypedArray.set 20. */
export function copyCall(frame: Int32Array, call: Int32Array): void {
  call[2] = frame[2]
  call[4] = frame[4]
  call[5] = frame[5]
  call[6] = frame[6]
  call[7] = frame[7]
  call[8] = frame[8]
  call[9] = frame[9]
  call[10] = frame[10]
  call[11] = frame[11]
  call[12] = frame[12]
  call[13] = frame[13]
  call[14] = frame[14]
  call[15] = frame[15]
}

/** The address after the instruction that trapped. Readable once: then 0, as for a call that came through the gate. */
export function takeCaller(frame: Int32Array): number {
  const low = frame[CALLER_LOW]
  const high = frame[CALLER_HIGH]
  if ((low | high) === 0) return 0
  frame[CALLER_LOW] = 0
  frame[CALLER_HIGH] = 0
  return signed64(low, high)
}

export function storeResult(frame: Int32Array, result: number): void {
  frame[RESULT_LOW] = result
  frame[RESULT_HIGH] = Math.floor(result / TWO_32)
}

/** On PVM hosts. @param results of Context.cacheResults */
export function storeCached(frame: Int32Array, results: Uint32Array): void {
  for (let i = 0; i < results.length; i += 2) {
    if (results[i] < CACHED_CALLS) Atomics.store(frame, CACHED + results[i], results[i + 1])
  }
  const from = results.length > 0 ? READ_CACHED : GATE
  frame[CACHED_GATE] = frame[from]
  frame[CACHED_GATE + 1] = frame[from + 1]
}

export function trapOf(record: Int32Array): TrapRecord {
  return {
    vector: record[VECTOR],
    errorCode: record[ERROR_CODE] >>> 0,
    address: addressOf(record),
    programCounter: signed64(record[PROGRAM_COUNTER], record[PROGRAM_COUNTER + 1]),
  }
}

/** All 64 bits. */
export function addressOf(record: Int32Array): bigint {
  return (BigInt(record[ADDRESS + 1] >>> 0) << 32n) | BigInt(record[ADDRESS] >>> 0)
}

export function isAtInstruction(record: Int32Array): boolean {
  return record[ADDRESS] === record[PROGRAM_COUNTER] && record[ADDRESS + 1] === record[PROGRAM_COUNTER + 1]
}

/** The faulting address, signed, so that addresses of the kernel's half, too, fit 53 bits. */
export function signedAddressOf(record: Int32Array): number {
  return signed64(record[ADDRESS], record[ADDRESS + 1])
}

const signed64 = (low: number, high: number): number => high * TWO_32 + (low >>> 0)
