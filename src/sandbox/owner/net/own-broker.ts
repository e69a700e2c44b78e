// OwnBroker: this process as the broker of a sandbox, which holds what its sentry may reach.

import {addon} from '../../../addon.ts'
import {Broker, type BrokerOptions} from '../../../broker/broker.ts'
import {brokerHost} from '../../../broker/broker-host.ts'
import type {NetRule} from '../../../broker/net-rules.ts'
import {type OpenPort, openPorts} from '../../../broker/open-ports.ts'
import {portHost} from '../../../broker/port-host.ts'
import {type PublishedPort, parsePublished, requireDistinct} from '../../../broker/published-port.ts'
import {PublishedPorts} from '../../../broker/published-ports.ts'
import {serveQuestions} from '../../../broker/serve.ts'
import {badArgument, type HvError} from '../../../errors.ts'
import * as takes from '../../../options.ts'
import {DEFAULT_MAX_CONNECTIONS} from '../../../sentry/outside/net/connection-limits.ts'
import type {BrokerEnds, SentrySettings} from '../../protocol/messages.ts'
import type {SandboxNetRules} from './net-options.ts'
import {toNewRules, toPublished} from './net-settings.ts'

export interface NetRules {
  readonly allow: readonly NetRule[]
  readonly deny: readonly NetRule[]
  readonly publish: readonly PublishedPort[]
}

/** It ends when nobody has the sentry's ends any longer. */
export class OwnBroker {
  /** Of its sentry. */
  readonly settings: Pick<SentrySettings, 'brokerEnds'> = {}
  readonly #broker: Broker | undefined
  readonly #ports: PublishedPorts | undefined
  /** Runs that have not ended. */
  #programs = 0

  /** @param rules undefined: nothing leads out of the sandbox or in, and there is no broker @throws HvError; Error with `errno` */
  constructor(rules: NetRules | undefined, options: BrokerOptions) {
    if (rules === undefined) return
    const {maxConnections = DEFAULT_MAX_CONNECTIONS} = options
    const opened = openPorts(rules.publish)
    this.#ports = new PublishedPorts(opened, maxConnections, portHost, () => this.#programs > 0)
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

  /** What a program gives, which others may reach until it has ended. */
  async whileRunning<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#programs++
    try {
      return await run()
    } finally {
      if (--this.#programs === 0) this.#ports?.resetUntaken()
    }
  }

  /** Resets the connections that they no longer allow. @throws HvError BAD_ARGUMENT */
  setRules(rules: SandboxNetRules): void {
    const {allow, deny} = toNewRules(rules)
    if (this.#broker === undefined) throw noWay('out')
    this.#broker.setRules(allow, deny)
  }

  /** Of the ports that lead in, with those that the host has chosen. */
  get published(): PublishedPort[] {
    return this.#ports?.ports.map(withoutFd) ?? []
  }

  /** @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  publish(entry: string): PublishedPort {
    const wanted = parsePublished(takes.checked(takes.anyText, entry, 'entry'))
    if (this.#ports === undefined) throw noWay('in')
    requireDistinct([...this.#ports.ports, wanted])
    const [opened] = openPorts([wanted])
    this.#ports.add(opened)
    return withoutFd(opened)
  }

  /** Closes the port, and resets the connections that came by it. @throws HvError BAD_ARGUMENT */
  unpublish(given: PublishedPort): void {
    const {address, hostPort, protocol} = toPublished(given)
    const port = this.#ports?.ports.find(
      (each) => each.address === address && each.hostPort === hostPort && each.protocol === protocol,
    )
    if (port === undefined)
      throw badArgument(
        `port ${hostPort} of ${address} is not published`,
        'give one of those that `published` lists',
      )
    this.#ports!.remove(port)
  }
}

function withoutFd({fd: _, ...port}: OpenPort): PublishedPort {
  return port
}

function noWay(where: 'in' | 'out'): HvError {
  return badArgument(
    `this sandbox was created without a way ${where}, and gets none later`,
    'create it with `net: {allow: []}`, which allows nothing at first',
  )
}

/** @returns the sentry's ends @throws Error with `errno`: this process has no descriptor left */
function serve(broker: Broker, ports: PublishedPorts): BrokerEnds {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const itsEnds = {questions: itsQuestions, answers: itsAnswers}
  serveQuestions(broker, itsEnds, addon, () => {}, ports).unref()
  return {questions, answers}
}
