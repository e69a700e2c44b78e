// Broker: answers a sentry's questions by a policy: connects what is allowed.

import type {BrokerAddon} from './addon.ts'
import {canonicalIp} from './address-kinds.ts'
import {HOST_ADDRESS, NetPolicy} from './net-policy.ts'
import type {NetRule} from './net-rules.ts'
import type {ConnectQuestion, NetAnswer, NetQuestion} from './protocol.ts'
import {type DnsLookup, Resolver} from './resolver.ts'

const EACCES = 13
const EINVAL = 22
const HOST_LOOPBACK = '127.0.0.1'
/** So long the host's own addresses are taken to be the same. */
const ADDRESSES_MS = 1000

/** What it needs of its host; a test plays it. */
export interface BrokerHost extends Pick<BrokerAddon, 'openConnection'> {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number
  /** All addresses of all interfaces. */
  addresses(): string[]
  readonly dns: DnsLookup
}

/** With the descriptor that goes with it, or -1, which is the caller's to close. */
export interface AnswerWithFd {
  readonly answer: NetAnswer
  readonly fd: number
}

export class Broker {
  readonly #policy: NetPolicy
  readonly #host: BrokerHost
  readonly #resolver: Resolver
  #addresses = new Set<string>()
  #addressesMs = Number.NEGATIVE_INFINITY

  constructor(allow: readonly NetRule[], deny: readonly NetRule[], host: BrokerHost) {
    this.#policy = new NetPolicy(allow, deny, (ip) => this.#isOfHost(ip))
    this.#host = host
    this.#resolver = new Resolver(this.#policy, host.dns, host.nowMs)
  }

  /** Never throws. */
  answer(question: NetQuestion): AnswerWithFd | Promise<AnswerWithFd> {
    if (question.kind === 'connect') return this.#connect(question)
    return this.#resolver.resolve(question).then((answer) => ({answer, fd: -1}))
  }

  #connect({id, isStream, ip: text, port}: ConnectQuestion): AnswerWithFd {
    const ip = canonicalIp(text)
    if (ip === undefined || port === 0 || port > 0xffff) return {answer: {id, errno: EINVAL}, fd: -1}
    const nowMs = this.#host.nowMs()
    if (!this.#policy.allows(ip, port, nowMs))
      return {answer: {id, errno: EACCES, needs: this.#policy.ruleFor(ip, port, nowMs)}, fd: -1}
    const fd = this.#host.openConnection(ip === HOST_ADDRESS ? HOST_LOOPBACK : ip, port, isStream)
    return {answer: {id, errno: Math.max(0, -fd)}, fd: Math.max(-1, fd)}
  }

  #isOfHost(ip: string): boolean {
    const nowMs = this.#host.nowMs()
    if (nowMs - this.#addressesMs > ADDRESSES_MS) {
      this.#addresses = new Set(this.#host.addresses().map((each) => canonicalIp(each) ?? each))
      this.#addressesMs = nowMs
    }
    return this.#addresses.has(ip)
  }
}
