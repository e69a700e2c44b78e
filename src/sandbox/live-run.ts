// LiveRun: what a run whose streams lead to its owner is for that.

import type {LiveReply, LiveRequest, WithoutRun} from './protocol.ts'

export interface LiveRun {
  /** It is about to run, and can be told things. */
  began(say: (said: Said) => void): void
  received(reply: LiveReply): void
}

/** A LiveRequest without its run. */
export type Said = WithoutRun<LiveRequest>
