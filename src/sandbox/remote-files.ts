// RemoteFiles: the owner's end of what it asks of the guest's tree: what is due, and what an answer may be.

import {errnoName} from '../abi/errno.ts'
import type {HvError} from '../errors.ts'
import type {Answered, FileAnswer, FileOperation, Piecewise} from '../sentry/files/operations.ts'
import type {FileRequest, Reply} from './protocol.ts'

type Filed = Extract<Reply, {kind: 'filed'}>

interface Asked {
  operation: FileOperation
  resolve: (answered: Required<Answered>) => void
  reject: (error: unknown) => void
}

/** The guest would get this: its name. */
export class GuestErrno {
  readonly errno: string
  constructor(errno: string) {
    this.errno = errno
  }
}

const NO_BYTES = new Uint8Array(0)

export class RemoteFiles {
  readonly #asked = new Map<number, Asked>()
  readonly #send: (request: FileRequest) => void
  #last = 0

  /** @param send throws when there is no sentry any more */
  constructor(send: (request: FileRequest) => void) {
    this.#send = send
  }

  /** An answer is due. */
  get isAsked(): boolean {
    return this.#asked.size > 0
  }

  /** @param bytes PIECE_BYTES at most: taken as they are now @throws GuestErrno, HvError */
  ask(operation: FileOperation, bytes: Uint8Array = NO_BYTES): Promise<Required<Answered>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last
      // A view would take all that it is a view of along to a thread.
      this.#send({kind: 'file', id, operation, bytes: new Uint8Array(bytes)})
      this.#asked.set(id, {operation, resolve, reject})
    })
  }

  /** Nobody waits for its end. */
  close(handle: number): void {
    this.ask({name: 'close', handle}).catch(() => {})
  }

  isDue(reply: Filed): boolean {
    const asked = this.#asked.get(reply.id)
    if (asked === undefined) return false
    if (reply.errno !== undefined) return reply.bytes.length === 0
    return reply.answer !== undefined && isAnswer(asked.operation, reply.answer, reply.bytes)
  }

  answered({id, answer, errno, bytes}: Filed): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (errno !== undefined) asked?.reject(new GuestErrno(errnoName(errno)))
    else if (answer !== undefined) asked?.resolve({answer, bytes})
  }

  fail(error: HvError): void {
    for (const {reject} of this.#asked.values()) reject(error)
    this.#asked.clear()
  }
}

/** What goes on for ever without giving anything is none. */
function isAnswer(
  operation: FileOperation,
  {isEnd, handle, entries, entry}: FileAnswer,
  bytes: Uint8Array,
): boolean {
  const what = operation.name === 'more' ? operation.of : operation.name
  if (bytes.length > 0 && what !== 'read') return false
  if ((entries !== undefined) !== (what === 'list') || (entry !== undefined) !== (what === 'stat'))
    return false
  if (isEnd) return true
  if (what === 'read' && bytes.length === 0) return false
  if (what === 'list' && entries?.length === 0) return false
  return (
    isPiecewise(what) && handle !== undefined && (operation.name !== 'more' || handle === operation.handle)
  )
}

function isPiecewise(what: string): what is Piecewise {
  return what === 'read' || what === 'write' || what === 'list' || what === 'remove'
}
