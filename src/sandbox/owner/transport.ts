// Transport: the owner's hold on the thread or process of its sentry: a way to talk to it, and to end it.

import type {HvError} from '../../errors.ts'
import type {Reply, Request} from '../protocol/messages.ts'

export interface Transport {
  /** It has not ended. This turns false before its last words are heard. */
  readonly isAlive: boolean
  send(request: Request): void
  /** Ends this run, or all of them, even while a guest runs. */
  tellToStop(run: number): void
  /** A batch of events was taken. */
  took(): void
  /** How long, in all, it has waited for a processor, milliseconds. Grows only while somebody asks. */
  waitedMs(): number
  /** Keeps this process alive for it. */
  ref(): void
  unref(): void
  /** Ends it, whatever it does. */
  kill(): void
  /** For the exit of this process: waits for nothing. */
  leave(): void
}

export interface TransportEvents {
  received(reply: Reply): void
  /** What came through a pipe of the owner's own. It may overtake messages, such as that its program has started. */
  piped(reply: Extract<Reply, {kind: 'output'}>): void
  /** It gives or takes what it was asked for, which may be much. @param run whose output it gives */
  moved(run?: number): void
  /** It can no longer be used. */
  failed(error: HvError): void
  /** Nothing of it is left. */
  exited(): void
}
