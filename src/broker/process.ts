// The broker of `hv run`: a process outside of its jail. Descriptor 3 brings questions, 4 takes the answers; those of published ports follow. It ends with hv.

import {addon} from '../addon.ts'
import {Broker} from './broker.ts'
import {brokerHost} from './broker-host.ts'
import {parseNetRules} from './net-rules.ts'
import {portHost} from './port-host.ts'
import type {PublishedPort} from './published-port.ts'
import {PublishedPorts} from './published-ports.ts'
import {serveQuestions} from './serve.ts'

const QUESTIONS = 3
const ANSWERS = 4
const FIRST_PORT = 5

/** What hv passes as the last argument: lists as its user wrote them, which hv has parsed already. */
export interface BrokerSettings {
  allow: readonly string[]
  deny: readonly string[]
  published: readonly PublishedPort[]
  /** Connections to published ports at a time. */
  maxConnections: number
}

const settings = JSON.parse(process.argv.at(-1)!) as BrokerSettings
const {allow, deny, maxConnections} = settings
const broker = new Broker(allow.flatMap(parseNetRules), deny.flatMap(parseNetRules), brokerHost())
const ports = settings.published.map((port, index) => ({...port, fd: FIRST_PORT + index}))
const published = new PublishedPorts(ports, maxConnections, portHost)
serveQuestions(broker, {questions: QUESTIONS, answers: ANSWERS}, addon, () => process.exit(), published)
