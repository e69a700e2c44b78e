// Server: answers the 9P2000.L messages of one machine, from a tree of the vfs.

import {EAGAIN, EINVAL, EIO, EOPNOTSUPP, EPROTO, Errno} from '../../abi/errno.ts'
import type {Location} from '../../vfs/location.ts'
import {UnfinishedError} from '../../vfs/unfinished.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {copyOf, LongRequests} from '../share/long-requests.ts'
import {CALLS} from './calls.ts'
import {HEADER_BYTES, MOST_MESSAGE_BYTES, TFLUSH, TVERSION} from './messages.ts'
import {Reply} from './reply.ts'
import {Request} from './request.ts'
import {type Limits, Session} from './session.ts'

export class Server {
  readonly #session: Session
  readonly #vfs: VirtualFileSystem
  readonly #reply = new Reply()
  /** By tag. */
  readonly #long = new LongRequests<number>()
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
   * Answers one message. Never throws for anything that a machine sends: each failure is an Rlerror.
   * @param request the whole message, which must not change meanwhile: a copy, if the machine could change it
   * @returns the answer, valid until the next call. An answer that takes more than one turn of the event loop is promised, and stays valid
   */
  answer(request: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const {type, tag} = new Request(request)
    if (this.#long.of(tag) !== undefined) return this.#reply.error(tag, EINVAL)
    try {
      if (type === TFLUSH) return this.#flush(request)
      return this.#attempt(request)
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
      const kept = copyOf(request)
      return this.#long.start(tag, () => this.#attempt(kept)) ?? this.#reply.error(tag, EAGAIN)
    }
  }

  /** The machine starts anew: all its open files are closed. */
  reset(): void {
    this.#session.reset()
  }

  get isMounted(): boolean {
    return !this.#session.fids.isEmpty
  }

  /** Closes all that the machine has open. From here on, every answer is EIO. */
  close(): void {
    this.#isClosed = true
    this.#session.reset()
  }

  /** @throws UnfinishedError: called again, the same request goes on from where it was */
  #attempt(bytes: Uint8Array): Uint8Array {
    const request = new Request(bytes)
    const {type, tag} = request
    const reply = this.#reply
    try {
      this.#check(request)
      const call = CALLS[type]
      if (call === undefined) throw new Errno(EOPNOTSUPP)
      // Changes that the host has made since become visible.
      this.#vfs.nextTurn()
      reply.begin(type + 1, tag)
      call(this.#session, request, reply)
      return reply.end()
    } catch (error) {
      if (error instanceof Errno) return reply.error(tag, error.code)
      throw error
    }
  }

  /** @throws Errno */
  #check(request: Request): void {
    if (this.#isClosed) throw new Errno(EIO)
    const {messageBytes} = this.#session
    if (messageBytes === 0 && request.type !== TVERSION) throw new Errno(EPROTO)
    request.checkSize(messageBytes || MOST_MESSAGE_BYTES)
  }

  /** The old request ends as it would and is answered first, as flush(5) of Plan 9 allows. */
  #flush(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const answer = this.#attempt(bytes)
    const [low, high] = bytes.subarray(HEADER_BYTES)
    const old = this.#long.of(low + high * 256)
    if (old === undefined) return answer
    const kept = copyOf(answer)
    return old.then(() => kept)
  }
}
