// PipeOutput: a host stream that a program writes to and its owner reads. To the program it is a pipe.

import {ECONNRESET, EPIPE, Errno} from '../../abi/errno.ts'
import {POLLERR, POLLHUP, POLLOUT} from '../../abi/open-flags.ts'
import type {HostWatch} from '../../sentry/fd/host-watch.ts'
import {check} from '../../vfs/host-calls.ts'
import {nativeHost} from '../../vfs/native-host.ts'

export class PipeOutput {
  #fd: number | undefined
  readonly #watch: HostWatch

  /** @param fd this end (`outputPair`), which is closed with this */
  constructor(fd: number, watch: HostWatch) {
    this.#fd = fd
    this.#watch = watch
  }

  /** What to wait for. */
  get hostFd(): number | undefined {
    return this.#fd
  }

  /** @throws Errno EAGAIN, EPIPE */
  append(source: Uint8Array): number {
    if (this.#fd === undefined) throw new Errno(EPIPE)
    if (source.length === 0) return 0
    const count = nativeHost.files.hostWrite(this.#fd, source, -1)
    // The other end was just closed, with data unread.
    if (count === -ECONNRESET) throw new Errno(EPIPE)
    return check(count)
  }

  readiness(): number {
    const ready = this.#fd === undefined ? POLLHUP : nativeHost.files.hostPoll(this.#fd, POLLOUT)
    return ready < 0 || ready & (POLLERR | POLLHUP) ? POLLOUT | POLLERR : ready
  }

  /** The descriptor's number may be reused, and another program may have been given the stream. */
  close(): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    this.#watch.forget(fd)
    nativeHost.files.hostClose(fd)
  }
}
