// eventfd(2): a 64-bit counter as a file.

import {EAGAIN, EINVAL, Errno} from '../abi/errno.ts'
import {POLLIN, POLLOUT} from '../abi/open-flags.ts'
import {AnonymousDescription} from './anonymous-description.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'
import {WaitQueue} from './wait-queue.ts'

const COUNTER_SIZE = 8
/** The counter never reaches 2^64 - 1. */
const MAX_COUNT = 2n ** 64n - 2n

export class EventFdDescription extends AnonymousDescription {
  override readonly waiters = new WaitQueue()
  override readonly writesRecords = true
  readonly #semaphore: boolean
  #count: bigint

  /** @param flags status flags: O_NONBLOCK; @param semaphore EFD_SEMAPHORE */
  constructor(vfs: VirtualFileSystem, initial: number, flags: number, semaphore: boolean) {
    super(vfs, '[eventfd]', flags)
    this.#count = BigInt(initial)
    this.#semaphore = semaphore
  }

  override read(target: Uint8Array): number {
    if (target.length < COUNTER_SIZE) throw new Errno(EINVAL)
    if (this.#count === 0n) throw new Errno(EAGAIN)
    const taken = this.#semaphore ? 1n : this.#count
    this.#count -= taken
    counterView(target).setBigUint64(0, taken, true)
    this.waiters.wakeAll()
    return COUNTER_SIZE
  }

  override write(source: Uint8Array): number {
    if (source.length !== COUNTER_SIZE) throw new Errno(EINVAL)
    const added = counterView(source).getBigUint64(0, true)
    if (added > MAX_COUNT) throw new Errno(EINVAL)
    if (this.#count + added > MAX_COUNT) throw new Errno(EAGAIN)
    this.#count += added
    this.waiters.wakeAll()
    return COUNTER_SIZE
  }

  /** Without Linux's number that tells eventfds apart. */
  override fdinfo(): string {
    const count = this.#count.toString(16).padStart(16)
    return `eventfd-count: ${count}\neventfd-id: 0\neventfd-semaphore: ${this.#semaphore ? 1 : 0}\n`
  }

  override readiness(): number {
    return (this.#count > 0n ? POLLIN : 0) | (this.#count < MAX_COUNT ? POLLOUT : 0)
  }
}

function counterView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, COUNTER_SIZE)
}
