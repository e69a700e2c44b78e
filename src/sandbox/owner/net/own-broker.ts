// OwnBroker: this process as the broker of a sandbox, which holds what its sentry may reach.

import {addon} from '../../../addon.ts'
import {Broker, type BrokerOptions} from '../../../broker/broker.ts'
import {brokerHost} from '../../../broker/broker-host.ts'
import type {NetRule} from '../../../broker/net-rules.ts'
import {openPorts} from '../../../broker/open-ports.ts'
import {portHost} from '../../../broker/port-host.ts'
import type {PublishedPort} from '../../../broker/published-port.ts'
import {PublishedPorts} from '../../../broker/published-ports.ts'
import {serveQuestions} from '../../../broker/serve.ts'
import {badArgument} from '../../../errors.ts'
import {DEFAULT_MAX_CONNECTIONS} from '../../../sentry/outside/net/connection-limits.ts'
import type {BrokerEnds, SentrySettings} from '../../protocol/messages.ts'
import type {SandboxNetRules} from './net-options.ts'
import {toNewRules} from './net-settings.ts'

export interface NetRules {
  readonly allow: readonly NetRule[]
  readonly deny: readonly NetRule[]
  readonly publish: readonly PublishedPort[]
}

/** It ends when nobody has the sentry's ends any longer. */
export class OwnBroker {
  /** Of its sentry. */
  readonly settings: Pick<SentrySettings, 'brokerEnds'> = {}
  /** Of the ports that lead in, with those that the host has chosen. */
  readonly published: readonly PublishedPort[] = []
  readonly #broker: Broker | undefined
  readonly #ports: PublishedPorts | undefined

  /** @param rules undefined: nothing leads out of the sandbox or in, and there is no broker @throws HvError; Error with `errno` */
  constructor(rules: NetRules | undefined, options: BrokerOptions) {
    if (rules === undefined) return
    const opened = openPorts(rules.publish)
    this.published = opened.map(({fd: _, ...port}) => port)
    this.#ports = new PublishedPorts(opened, options.maxConnections ?? DEFAULT_MAX_CONNECTIONS, portHost)
    this.#broker = new Broker(rules.allow, rules.deny, brokerHost(), options)
    try {
      this.settings = {brokerEnds: serve(this.#broker, this.#ports)}
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** What `start` gives; if it fails, the published ports are closed. */
  async orClose<Result>(start: () => Promise<Result>): Promise<Result> {
    try {
      return await start()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Nobody reaches the published ports from now on. */
  close(): void {
    this.#ports?.close()
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

/** @returns the sentry's ends @throws Error with `errno`: this process has no descriptor left */
function serve(broker: Broker, ports: PublishedPorts): BrokerEnds {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const itsEnds = {questions: itsQuestions, answers: itsAnswers}
  serveQuestions(broker, itsEnds, addon, () => {}, ports).unref()
  return {questions, answers}
}
