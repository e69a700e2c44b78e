// OwnBroker: this process as the broker of a sandbox, which holds what its sentry may reach.

import {addon} from '../../../addon.ts'
import {Broker, type BrokerOptions} from '../../../broker/broker.ts'
import {brokerHost} from '../../../broker/broker-host.ts'
import type {NetRule} from '../../../broker/net-rules.ts'
import {serveQuestions} from '../../../broker/serve.ts'
import {badArgument} from '../../../errors.ts'
import type {SentrySettings} from '../../protocol/messages.ts'
import {type SandboxNetRules, toNewRules} from './net-options.ts'

export interface NetRules {
  readonly allow: readonly NetRule[]
  readonly deny: readonly NetRule[]
}

/** It ends when nobody has the sentry's ends any longer. */
export class OwnBroker {
  /** Of its sentry. */
  readonly settings: Pick<SentrySettings, 'brokerEnds'> = {}
  readonly #broker: Broker | undefined

  /** @param rules undefined: nothing leads out of the sandbox, and there is no broker @throws Error with `errno` */
  constructor(rules: NetRules | undefined, options: BrokerOptions) {
    if (rules === undefined) return
    const [questions, itsQuestions] = addon.brokerPair(true)
    const [answers, itsAnswers] = addon.brokerPair(false)
    this.settings = {brokerEnds: {questions, answers}}
    this.#broker = new Broker(rules.allow, rules.deny, brokerHost(), options)
    const itsEnds = {questions: itsQuestions, answers: itsAnswers}
    serveQuestions(this.#broker, itsEnds, addon, () => {}).unref()
  }

  /** Resets the connections that they no longer allow. @throws HvError BAD_ARGUMENT */
  setRules(rules: SandboxNetRules): void {
    const {allow, deny} = toNewRules(rules)
    if (this.#broker === undefined)
      throw badArgument(
        'this sandbox was created without a way out, and gets none later',
        'create it with `net: {allow: []}`, which allows nothing at first',
      )
    this.#broker.setRules(allow, deny)
  }
}
