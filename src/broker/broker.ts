// Broker: answers a sentry's questions by a policy: connects what is allowed.

import {EACCES, EINVAL, ENFILE} from '../abi/errno.ts'
import type {BrokerAddon} from './addon.ts'
import {canonicalIp} from './address-kinds.ts'
import {type ConnectHandler, Decisions} from './decisions.ts'
import {HeldConnections, type SocketEnds} from './held-connections.ts'
import {HOST_ADDRESS, NetPolicy} from './net-policy.ts'
import type {NetRule} from './net-rules.ts'
import type {ConnectQuestion, NetAnswer, NetQuestion} from './protocol.ts'
import {type DnsLookup, Resolver} from './resolver.ts'

const HOST_LOOPBACK = '127.0.0.1'
/** So long the host's own addresses are taken to be the same. */
const ADDRESSES_MS = 1000

/** What it needs of its host; a test plays it. */
export interface BrokerHost extends Pick<BrokerAddon, 'openConnection'>, SocketEnds {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number
  /** All addresses of all interfaces. May throw. */
  addresses(): string[]
  readonly dns: DnsLookup
}

/** What a broker does for an embedder. */
export interface BrokerOptions {
  /** It holds the sockets that it passes, so many at a time: those that new rules forbid can be ended. Absent: it holds none. */
  readonly maxConnections?: number
  /** Decides on each connection that the rules allow. */
  readonly onConnect?: ConnectHandler | undefined
  /** Until a connection on which nobody has decided is refused. */
  readonly longestDecisionMs?: number
}

/** Where a socket leads. */
interface Destination {
  /** Canonical, as the sentry named it. */
  readonly ip: string
  readonly port: number
  /** Those that the address had when it was connected to. */
  readonly names: readonly string[]
}

/** With the descriptor that goes with it, or -1, which is the caller's to close, unless the answer `isHeld`. */
export interface AnswerWithFd {
  readonly answer: NetAnswer
  readonly fd: number
}

export class Broker {
  readonly #policy: NetPolicy
  readonly #host: BrokerHost
  readonly #resolver: Resolver
  readonly #held: HeldConnections<Destination> | undefined
  readonly #decisions: Decisions | undefined
  /** Undefined: nobody has said yet. */
  #addresses: ReadonlySet<string> | undefined
  #addressesMs = Number.NEGATIVE_INFINITY
  #isOver = false

  constructor(
    allow: readonly NetRule[],
    deny: readonly NetRule[],
    host: BrokerHost,
    {maxConnections, onConnect, longestDecisionMs}: BrokerOptions = {},
  ) {
    this.#policy = new NetPolicy(allow, deny, (ip) => this.#isOfHost(ip))
    this.#host = host
    this.#resolver = new Resolver(this.#policy, host.dns, host.nowMs)
    this.#held = maxConnections === undefined ? undefined : new HeldConnections(host, maxConnections)
    this.#decisions = onConnect && new Decisions(onConnect, longestDecisionMs)
  }

  /** Never throws. @returns undefined: it needs no answer */
  answer(question: NetQuestion): AnswerWithFd | Promise<AnswerWithFd> | undefined {
    if (question.kind === 'connect') return this.#connect(question)
    if (question.kind === 'resolve')
      return this.#resolver.resolve(question).then((answer) => ({answer, fd: -1}))
    this.#held?.close(question.id)
    return undefined
  }

  /** Resets what they no longer allow: connections that programs have begun. Precondition: it holds its sockets. */
  setRules(allow: readonly NetRule[], deny: readonly NetRule[]): void {
    this.#policy.change(allow, deny)
    this.#held?.keepOnly(({ip, port, names}) => this.#policy.allowsAs(ip, port, names))
  }

  /** The sentry is gone: nothing is connected for it any longer. */
  end(): void {
    this.#isOver = true
    this.#decisions?.end()
    this.#held?.end()
  }

  #connect(question: ConnectQuestion): AnswerWithFd | Promise<AnswerWithFd> {
    const {id, ip: text, port, isStream} = question
    const ip = canonicalIp(text)
    if (ip === undefined || port === 0 || port > 0xffff) return refusal(id, EINVAL)
    if (this.#decisions === undefined) return this.#open(question, ip)
    const nowMs = this.#host.nowMs()
    if (!this.#policy.allows(ip, port, nowMs)) return this.#forbid(id, ip, port)
    const name = this.#policy.nameAt(port, this.#policy.namesOf(ip, nowMs))
    const protocol = isStream ? 'tcp' : 'udp'
    const decision = this.#decisions.ask({
      ...(name !== undefined && {name}),
      ...{address: hostAddress(ip), port, protocol},
    })
    // The rules may be others by then.
    return decision.then((isAllowed) => (isAllowed ? this.#open(question, ip) : refusal(id, EACCES)))
  }

  #open({id, isStream, port}: ConnectQuestion, ip: string): AnswerWithFd {
    const nowMs = this.#host.nowMs()
    const names = this.#policy.namesOf(ip, nowMs)
    if (!this.#policy.allowsAs(ip, port, names)) return this.#forbid(id, ip, port)
    if (this.#isOver || this.#held?.has(id)) return refusal(id, EINVAL)
    if (this.#held?.isFull) return refusal(id, ENFILE)
    const fd = this.#host.openConnection(hostAddress(ip), port, isStream)
    if (fd < 0) return refusal(id, -fd)
    this.#held?.add(id, fd, {ip, port, names})
    return {answer: {id, errno: 0, ...(this.#held && {isHeld: true})}, fd}
  }

  #forbid(id: number, ip: string, port: number): AnswerWithFd {
    return {answer: {id, errno: EACCES, needs: this.#policy.ruleFor(ip, port, this.#host.nowMs())}, fd: -1}
  }

  #isOfHost(ip: string): boolean {
    const nowMs = this.#host.nowMs()
    if (nowMs - this.#addressesMs > ADDRESSES_MS) this.#learnAddresses(nowMs)
    return this.#addresses === undefined || this.#addresses.has(ip)
  }

  /** A process that has no descriptor left cannot ask: what it knew holds on, and as long as it knows nothing each address may be the host's. */
  #learnAddresses(nowMs: number): void {
    try {
      this.#addresses = new Set(this.#host.addresses().map((each) => canonicalIp(each) ?? each))
    } catch {
      if (this.#addresses === undefined) return
    }
    this.#addressesMs = nowMs
  }
}

function refusal(id: number, errno: number): AnswerWithFd {
  return {answer: {id, errno}, fd: -1}
}

function hostAddress(ip: string): string {
  return ip === HOST_ADDRESS ? HOST_LOOPBACK : ip
}
