// Server: answers the FUSE requests of one machine's kernel, from a tree of the vfs.

import {EAGAIN, EINVAL, EIO, ENOSYS, EPROTO, Errno} from '../../abi/errno.ts'
import type {Location} from '../../vfs/location.ts'
import {UnfinishedError} from '../../vfs/unfinished.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {copyOf, LongRequests} from '../share/long-requests.ts'
import {CALLS, UNANSWERED} from './calls.ts'
import {INIT} from './messages.ts'
import {Reply} from './reply.ts'
import {Request} from './request.ts'
import {type Limits, Session} from './session.ts'

const NO_ANSWER = new Uint8Array()

export class Server {
  readonly #session: Session
  readonly #vfs: VirtualFileSystem
  readonly #reply = new Reply()
  /** By request identifier. */
  readonly #long = new LongRequests<bigint>()
  #isClosed = false

  /**
   * @param root what the machine sees as `/`; it cannot leave it. The caller keeps it
   * @example
   * const server = new Server(openShare('/srv', {readOnly: true}).root)
   */
  constructor(root: Location, limits: Limits = {}) {
    this.#session = new Session(root, limits)
    this.#vfs = root.mount.vfs
  }

  /**
   * Answers one request. Never throws for anything that a machine sends: each failure is an answer with an error.
   * @param bytes the whole request, which must not change meanwhile: a copy, if the machine could change it
   * @returns the answer, empty when the request gets none, valid until the next call. An answer that takes more than one turn of the event
   * loop is promised, and stays valid
   */
  answer(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const request = new Request(bytes)
    try {
      return this.#attempt(request)
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
      return this.#later(request.again(copyOf(bytes)))
    }
  }

  /** The machine starts anew: all its open files are closed, and all that it knew is forgotten. */
  reset(): void {
    this.#session.reset()
  }

  get isMounted(): boolean {
    return this.#session.isStarted
  }

  /** Closes all that the machine has open. From here on, every answer is EIO. */
  close(): void {
    this.#isClosed = true
    this.#session.reset()
  }

  /** @throws UnfinishedError: called again, the same request goes on from where it was */
  #attempt(request: Request): Uint8Array {
    const {opcode, unique} = request
    const reply = this.#reply
    const call = CALLS[opcode]
    try {
      this.#check(request)
      if (call === undefined) throw new Errno(ENOSYS)
      // Changes that the host has made since become visible.
      this.#vfs.nextTurn()
      reply.begin(unique)
      call(this.#session, request, reply)
      return UNANSWERED.has(call) ? NO_ANSWER : reply.end()
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return UNANSWERED.has(call) ? NO_ANSWER : reply.error(unique, error.code)
    }
  }

  /** @throws Errno */
  #check(request: Request): void {
    if (this.#isClosed) throw new Errno(EIO)
    request.checkSize()
    if (!this.#session.isStarted && request.opcode !== INIT) throw new Errno(EPROTO)
  }

  #later(begun: Request): Uint8Array | Promise<Uint8Array> {
    const {unique} = begun
    const key = unique.readBigUInt64LE()
    if (this.#long.of(key) !== undefined) return this.#reply.error(unique, EINVAL)
    let request = begun
    const goOn = (): Uint8Array => {
      request = request.again()
      return this.#attempt(request)
    }
    return this.#long.start(key, goOn) ?? this.#reply.error(unique, EAGAIN)
  }
}
