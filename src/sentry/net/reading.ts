// Reading: one recv(2) under way: its buffer, and what it has received.

import {MSG_PEEK, MSG_TRUNC, MSG_WAITALL} from '../../abi/socket.ts'
import type {Rights} from './in-flight.ts'
import type {ControlMessage} from './sending.ts'

const NO_CONTROL: readonly ControlMessage[] = []

/** struct ucred. */
export interface SenderCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Where the bytes go. */
export interface ByteSink {
  /** Takes bytes for offset `at`. @throws Errno EFAULT */
  put(bytes: Uint8Array, at: number): void
  /** The contiguous room for bytes from offset `at` on, for who fills it himself; guest memory has it. @throws Errno EFAULT */
  space?(at: number): Uint8Array
  /** The room for the first `most` bytes, in pieces: less where it is not accessible. Guest memory has it. */
  pieces?(most: number): Uint8Array[]
}

export class Reading {
  readonly buffer: ByteSink
  readonly size: number
  readonly flags: number
  readonly wantsName: boolean
  copied = 0
  /** What recv(2) returns: with MSG_TRUNC a record's true length. */
  result = 0
  isTruncated = false
  /** Instead of a record its end came, which has no sender. */
  isEnd = false
  /** MSG_ERRQUEUE: what was received is an error. */
  isError = false
  /** Control messages of the socket's own. */
  control: readonly ControlMessage[] = NO_CONTROL
  /** It has received an urgent byte. */
  isUrgent = false
  /** The sender's address, if wanted; undefined: it has none. */
  name: Uint8Array | undefined
  credentials: SenderCredentials | undefined
  /** Released by the taker, unless they were only peeked at. */
  rights: Rights | undefined
  /** Set: messages of other writers are no longer added. */
  #hasCredentials = false

  constructor(buffer: ByteSink, size: number, flags: number, wantsName = false) {
    this.buffer = buffer
    this.size = size
    this.flags = flags
    this.wantsName = wantsName
  }

  get peeks(): boolean {
    return (this.flags & MSG_PEEK) !== 0
  }

  /** Stores a record, or as much of it as there is room for. @throws Errno EFAULT */
  take(record: Uint8Array): void {
    const count = Math.min(record.length, this.size)
    this.buffer.put(count < record.length ? record.subarray(0, count) : record, 0)
    this.note(record.length)
  }

  /** A record of so many bytes is stored, as far as there was room for it. */
  note(length: number): void {
    this.copied = Math.min(length, this.size)
    this.isTruncated = this.copied < length
    this.result = this.flags & MSG_TRUNC ? length : this.copied
  }

  /** How many bytes a stream waits for, at least. */
  leastBytes(lowWater: number): number {
    return (this.flags & MSG_WAITALL ? this.size : Math.min(lowWater, this.size)) || 1
  }

  /** Whether a message with these credentials may join what was received so far. */
  accepts(credentials: SenderCredentials | undefined): boolean {
    if (this.#hasCredentials) return isSame(this.credentials, credentials)
    this.credentials = credentials
    this.#hasCredentials = true
    return true
  }

  /** Rights that nobody takes. */
  dropRights(): void {
    if (this.rights !== undefined && !this.peeks) this.rights.release()
  }
}

function isSame(a: SenderCredentials | undefined, b: SenderCredentials | undefined): boolean {
  return a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid
}
