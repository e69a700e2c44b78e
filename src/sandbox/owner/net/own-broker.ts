// beginBroker: this process becomes the broker of a sandbox, which holds what its sentry may reach.

import {addon} from '../../../addon.ts'
import {Broker} from '../../../broker/broker.ts'
import {brokerHost} from '../../../broker/broker-host.ts'
import type {NetRule} from '../../../broker/net-rules.ts'
import {serveQuestions} from '../../../broker/serve.ts'
import type {BrokerEnds} from '../../protocol/messages.ts'

export interface NetRules {
  readonly allow: readonly NetRule[]
  readonly deny: readonly NetRule[]
}

/** It ends when nobody has the sentry's ends any longer. @returns those, for the sentry @throws Error with `errno` */
export function beginBroker({allow, deny}: NetRules): BrokerEnds {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const broker = new Broker(allow, deny, brokerHost())
  const ends = {questions: itsQuestions, answers: itsAnswers}
  serveQuestions(broker, ends, addon, () => {}).unref()
  return {questions, answers}
}
