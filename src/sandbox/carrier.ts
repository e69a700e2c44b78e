// Carrier: what a sandbox's owner has of the thread or the process of its sentry: a way to talk to it, and to end it.

import type {HvError} from '../errors.ts'
import type {Reply, Request} from './protocol.ts'

/** Bound for what a guest can make a sentry remember; the guest's memory and output are not in it. */
export const HEAP_MB = 512

export interface Carrier {
  /** It has not ended: seen sooner than its last words are heard. */
  readonly isAlive: boolean
  send(request: Request): void
  /** Ends this run, or everything: also while a guest runs. */
  tellToStop(run: number): void
  /** A batch of events was taken. */
  took(): void
  /** It keeps this process alive. */
  ref(): void
  unref(): void
  /** Ends it, whatever it does. */
  kill(): void
  /** While this process exits, and waits for nothing. */
  leave(): void
}

export interface CarrierEvents {
  received(reply: Reply): void
  /** What came by a pipe of the owner's own. It may overtake what is said: that its program has started. */
  piped(reply: Extract<Reply, {kind: 'output'}>): void
  /** It gives or takes what it was asked for, which may be much. @param run what it gives is this one's output */
  moved(run?: number): void
  /** It is of no use any more. */
  failed(error: HvError): void
  /** Nothing of it is left. */
  exited(): void
}
