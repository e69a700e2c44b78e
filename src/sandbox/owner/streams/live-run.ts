// LiveRun: what a run calls while its streams lead to its owner.

import type {LiveReply, LiveRequest, WithoutRun} from '../../protocol/messages.ts'

export interface LiveRun {
  /** It is about to run, and takes messages. */
  began(send: (message: LiveMessage) => void): void
  received(reply: LiveReply): void
}

/** A LiveRequest without its run. */
export type LiveMessage = WithoutRun<LiveRequest>
