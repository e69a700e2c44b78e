// Message: what one send(2) puts into another socket's queue, where it waits to be received.

import {COST} from '../../../vfs/budget.ts'
import type {Rights} from '../in-flight.ts'
import type {SenderCredentials} from '../reading.ts'
import type {UnixSocket} from './unix-socket.ts'

export class Message {
  readonly bytes: Uint8Array
  readonly sender: UnixSocket
  readonly credentials: SenderCredentials | undefined
  /** Received with the first byte. */
  rights: Rights | undefined
  /** Bytes of a stream that were already received. */
  consumed = 0

  constructor(bytes: Uint8Array, sender: UnixSocket, credentials: SenderCredentials | undefined) {
    this.bytes = bytes
    this.sender = sender
    this.credentials = credentials
  }

  get left(): number {
    return this.bytes.length - this.consumed
  }

  /** What it takes from its sender's SO_SNDBUF, and from the budget. */
  get cost(): number {
    return COST.socketMessage + this.bytes.length
  }
}
