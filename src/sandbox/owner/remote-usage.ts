// RemoteUsage: the owner's end of questions about what its sandbox uses: they are answered in order.

import type {HvError} from '../../errors.ts'
import type {ProcessInfo, SandboxUsage} from '../../sentry/outside/usage.ts'
import type {Reply, UsageRequest} from '../protocol/messages.ts'

type UsageReply = Extract<Reply, {kind: 'used'}>

interface PendingRequest {
  of: UsageRequest['of']
  resolve: (reply: UsageReply) => void
  reject: (error: HvError) => void
}

export class RemoteUsage {
  readonly #asked: PendingRequest[] = []
  readonly #send: (request: UsageRequest) => void

  /** @param send throws when there is no sentry any longer */
  constructor(send: (request: UsageRequest) => void) {
    this.#send = send
  }

  /** An answer is due. */
  get isAsked(): boolean {
    return this.#asked.length > 0
  }

  async stats(): Promise<SandboxUsage> {
    return (await this.#ask('stats')).stats!
  }

  async processes(): Promise<ProcessInfo[]> {
    return (await this.#ask('processes')).processes!
  }

  isDue(reply: UsageReply): boolean {
    const next = this.#asked[0]?.of
    return next !== undefined && reply[next] !== undefined
  }

  answered(reply: UsageReply): void {
    this.#asked.shift()!.resolve(reply)
  }

  fail(error: HvError): void {
    for (const {reject} of this.#asked.splice(0)) reject(error)
  }

  #ask(of: UsageRequest['of']): Promise<UsageReply> {
    return new Promise((resolve, reject) => {
      this.#send({kind: 'usage', of})
      this.#asked.push({of, resolve, reject})
    })
  }
}
