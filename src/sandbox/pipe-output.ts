// PipeOutput: what a program writes goes into a pipe of the host's, whose other end is its owner's.

import {EPIPE, Errno} from '../abi/errno.ts'
import {O_WRONLY, POLLERR, POLLOUT} from '../abi/open-flags.ts'
import type {HostWatch} from '../sentry/host-watch.ts'
import {host} from '../vfs/host-calls.ts'
import {HostStream} from '../vfs/host-stream.ts'

export class PipeOutput {
  #fd: number | undefined
  readonly #stream: HostStream
  readonly #watch: HostWatch

  /** @param fd the pipe's, which is closed with this */
  constructor(fd: number, watch: HostWatch) {
    this.#fd = fd
    this.#stream = new HostStream(fd, O_WRONLY)
    this.#watch = watch
  }

  /** To wait for. */
  get hostFd(): number | undefined {
    return this.#fd
  }

  /** @throws Errno EAGAIN, EPIPE */
  append(source: Uint8Array): number {
    if (this.#fd === undefined) throw new Errno(EPIPE)
    return this.#stream.write(source)
  }

  readiness(): number {
    return this.#fd === undefined ? POLLOUT | POLLERR : this.#stream.readiness()
  }

  /** Its number may be another descriptor's next, and another program may have been given the stream. */
  close(): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    this.#watch.forget(fd)
    host.hostClose(fd)
  }
}
