// RemoteFiles: the owner's end of requests to the guest's tree: which answers are due, and what they may be.

import {errnoName} from '../../../abi/errno.ts'
import type {HvError} from '../../../errors.ts'
import type {
  FileAnswer,
  FileOperation,
  FileResult,
  Piecewise,
} from '../../../sentry/outside/files/operations.ts'
import type {FileRequest, Reply} from '../../protocol/messages.ts'

type FileReply = Extract<Reply, {kind: 'filed'}>

interface PendingOperation {
  operation: FileOperation
  resolve: (answered: Required<FileResult>) => void
  reject: (error: unknown) => void
}

/** The name of the error that the guest would get. */
export class GuestErrno {
  readonly errno: string
  constructor(errno: string) {
    this.errno = errno
  }
}

const NO_BYTES = new Uint8Array(0)

export class RemoteFiles {
  readonly #asked = new Map<number, PendingOperation>()
  readonly #send: (request: FileRequest) => void
  #last = 0
  /** How many of the requests are watches. */
  #watches = 0

  /** @param send throws when there is no sentry any longer */
  constructor(send: (request: FileRequest) => void) {
    this.#send = send
  }

  /** An answer is due soon. */
  get isAsked(): boolean {
    return this.#asked.size > this.#watches
  }

  /** @param bytes PIECE_BYTES at most, copied now @throws GuestErrno, HvError */
  ask(operation: FileOperation, bytes: Uint8Array = NO_BYTES): Promise<Required<FileResult>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last
      // A view would take its whole buffer along to a thread.
      this.#send({kind: 'file', id, operation, bytes: new Uint8Array(bytes)})
      this.#asked.set(id, {operation, resolve, reject})
      if (isWatch(operation)) this.#watches++
    })
  }

  /** The answers to an operation of many pieces, each asked for once the one before it is taken. @throws GuestErrno, HvError */
  async *pieces(
    operation: Extract<FileOperation, {name: 'read' | 'list' | 'remove'}>,
  ): AsyncGenerator<Required<FileResult>, void, void> {
    let handle: number | undefined
    try {
      for (let next: FileOperation | undefined = operation; next !== undefined; ) {
        // An error ends the operation.
        handle = undefined
        const answered: Required<FileResult> = await this.ask(next)
        handle = answered.answer.isEnd ? undefined : answered.answer.handle
        yield answered
        next = handle === undefined ? undefined : {name: 'more', of: operation.name, handle, isEnd: false}
      }
    } finally {
      if (handle !== undefined) this.close(handle)
    }
  }

  /** Nobody waits for the result. */
  close(handle: number): void {
    this.ask({name: 'close', handle}).catch(() => {})
  }

  isDue(reply: FileReply): boolean {
    const asked = this.#asked.get(reply.id)
    if (asked === undefined) return false
    if (reply.errno !== undefined) return reply.bytes.length === 0
    return reply.answer !== undefined && isAnswer(asked.operation, reply.answer, reply.bytes)
  }

  answered({id, answer, errno, bytes}: FileReply): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (asked !== undefined && isWatch(asked.operation)) this.#watches--
    if (errno !== undefined) asked?.reject(new GuestErrno(errnoName(errno)))
    else if (answer !== undefined) asked?.resolve({answer, bytes})
  }

  fail(error: HvError): void {
    for (const {reject} of this.#asked.values()) reject(error)
    this.#asked.clear()
    this.#watches = 0
  }
}

/** An answer that makes no progress, which could go on for ever, is none. */
function isAnswer(operation: FileOperation, answer: FileAnswer, bytes: Uint8Array): boolean {
  const {isEnd, handle, entries, entry, changes} = answer
  const isMore = operation.name === 'more'
  const what = isMore ? operation.of : operation.name
  if (bytes.length > 0 && what !== 'read') return false
  if ((entries !== undefined) !== (what === 'list') || (entry !== undefined) !== (what === 'stat'))
    return false
  if ((changes !== undefined) !== (isMore && what === 'watch')) return false
  if (isEnd) return true
  if ((what === 'read' && bytes.length === 0) || entries?.length === 0 || changes?.length === 0) return false
  return PIECEWISE.has(what) && handle !== undefined && (!isMore || handle === operation.handle)
}

const PIECEWISE: ReadonlySet<string> = new Set<Piecewise>(['read', 'write', 'list', 'remove', 'watch'])

/** It may never be answered. */
const isWatch = (operation: FileOperation): boolean => operation.name === 'more' && operation.of === 'watch'
