// The broker of `hv run`: a process outside of its jail. Descriptor 3 brings questions, 4 takes the answers. It ends with hv.

import {addon} from '../addon.ts'
import {Broker} from './broker.ts'
import {brokerHost} from './broker-host.ts'
import {parseNetRules} from './net-rules.ts'
import {serveQuestions} from './serve.ts'

const QUESTIONS = 3
const ANSWERS = 4

/** What hv passes as the last argument: lists as its user wrote them, which hv has parsed already. */
export interface BrokerSettings {
  allow: readonly string[]
  deny: readonly string[]
}

const {allow, deny} = JSON.parse(process.argv.at(-1)!) as BrokerSettings
const broker = new Broker(allow.flatMap(parseNetRules), deny.flatMap(parseNetRules), brokerHost())
serveQuestions(broker, {questions: QUESTIONS, answers: ANSWERS}, addon, () => process.exit())
