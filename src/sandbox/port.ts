// SentryPort: how a sandbox's sentry hears its owner and answers it, from another thread or another process.

import type {Reply, Request} from './protocol.ts'

export type Receive = (request: Request) => Promise<void>

export interface SentryPort {
  /** To be watched while a guest runs: readable when the owner has said something. */
  readonly fd: number
  /** Only JavaScript can be ended from outside: whoever runs a guest has to come back to it now and then. */
  readonly needsPulse: boolean
  /** Batches of a trace's events that were posted and not taken yet. */
  readonly underWay: number
  post(reply: Reply): void
  /** From now on, while no guest runs: hands on what the owner asks for, in order. */
  serve(receive: Receive): Promise<void> | void
  /** While a guest runs, and `fd` is readable: hands on what was said. */
  listen(): void
  /** The owner wants this run to end, or all; absent: all. */
  shallStop(run?: number): boolean
  /** Blocks until a batch may have been taken. */
  awaitTaking(): void
  /** Nothing more is said. */
  close(): void
}
