// A broker of this host, and a sentry's end of it.

import {addon} from '../../../src/addon.ts'
import {Broker, type BrokerOptions} from '../../../src/broker/broker.ts'
import {SocketLink} from '../../../src/broker/link.ts'
import {parseNetRules} from '../../../src/broker/net-rules.ts'
import type {DnsLookup} from '../../../src/broker/resolver.ts'
import {serveQuestions} from '../../../src/broker/serve.ts'

export const NO_NAMES = {resolve4: async () => [], resolve6: async () => [], resolve: async () => []}

export function served(
  allow: string,
  options: BrokerOptions = {},
  dns: DnsLookup = NO_NAMES,
  sends = addon.sendMessage,
) {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const host = {...addon, nowMs: () => 0, addresses: () => [], dns}
  const broker = new Broker(parseNetRules(allow), [], host, options)
  const hasEnded = new Promise<void>((resolve) => {
    serveQuestions(
      broker,
      {questions: itsQuestions, answers: itsAnswers},
      {...addon, sendMessage: sends},
      resolve,
    )
  })
  return {broker, link: new SocketLink(questions, answers), questions, hasEnded}
}

export async function answerOf(link: SocketLink): Promise<NonNullable<ReturnType<SocketLink['take']>>> {
  for (;;) {
    const taken = link.take()
    if (taken !== undefined) return taken
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
