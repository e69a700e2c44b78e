// LiveRun: what a run whose streams lead to its owner is for that.

import type {LiveRequest, Reply} from './protocol.ts'

export interface LiveRun {
  /** It is about to run, and can be told things. */
  began(say: (said: Said) => void): void
  received(reply: Extract<Reply, {kind: 'started' | 'output' | 'took'}>): void
}

/** A LiveRequest without its run. */
export type Said = LiveRequest extends infer Request
  ? Request extends unknown
    ? Omit<Request, 'run'>
    : never
  : never
