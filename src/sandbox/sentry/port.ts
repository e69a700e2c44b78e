// SentryPort: how a sandbox's sentry hears its owner and answers it, from another thread or another process.

import type {Reply, Request} from '../protocol/messages.ts'

export type Receive = (request: Request) => Promise<void>

export interface SentryPort {
  /** Readable when the owner has said something; watched while a guest runs. */
  readonly fd: number
  /** Only JavaScript can be ended from outside, so a thread that runs a guest has to return to it now and then. */
  readonly needsPulse: boolean
  /** Batches of a trace's events that were posted and not taken yet. */
  readonly underWay: number
  post(reply: Reply): void
  /** Starts to hand on what the owner asks for, in order, while no guest runs. */
  serve(receive: Receive): Promise<void> | void
  /** Hands on what was said, while a guest runs and `fd` is readable. */
  listen(): void
  /** The owner wants this run to end, or (absent) all runs. */
  shallStop(run?: number): boolean
  /** Blocks until the owner may have taken a batch. */
  awaitTaking(): void
  /** Says nothing more. */
  close(): void
}
