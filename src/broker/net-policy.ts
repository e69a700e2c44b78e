// NetPolicy: which addresses and names a guest may reach. Pure: it asks nobody, and its clock is its caller's.

import {isIPv4} from 'node:net'
import {carriedIPv4, isIn, isLoopback, isPublic, translatedIPv4} from './address-kinds.ts'
import {matchesName, type NetRule} from './net-rules.ts'

/**
 * The host's loopback, for a guest, whose own loopback is its sandbox's: the name, and the address that it has there. That is one of
 * 192.0.0.0/29, which RFC 7335 sets aside for use within one machine: no network carries it.
 */
export const HOST_NAME = 'host.internal'
export const HOST_ADDRESS = '192.0.0.2'
/** As many addresses are kept of names that were resolved: beyond that the oldest are forgotten, and a guest asks again. */
const MOST_RESOLVED = 4096

interface Resolution {
  readonly name: string
  readonly expiresMs: number
}

export class NetPolicy {
  #allow: readonly NetRule[]
  #deny: readonly NetRule[]
  readonly #isOfHost: (ip: string) => boolean
  /** The names that an address was resolved from, by address; the one that was learned last is last. */
  readonly #resolved = new Map<string, Resolution[]>()

  /** @param isOfHost whether the host itself has the address */
  constructor(allow: readonly NetRule[], deny: readonly NetRule[], isOfHost: (ip: string) => boolean) {
    this.#allow = allow
    this.#deny = deny
    this.#isOfHost = isOfHost
  }

  /** Other rules from now on. What was resolved stays known. */
  change(allow: readonly NetRule[], deny: readonly NetRule[]): void {
    this.#allow = allow
    this.#deny = deny
  }

  /** Whether a name is resolved for the guest at all. {@link HOST_NAME} has one address, {@link HOST_ADDRESS}. Precondition: it is canonical. */
  resolves(name: string): boolean {
    if (name === HOST_NAME) return this.#allow.some(isOfHostName)
    if (this.#deny.some((rule) => rule.kind === 'name' && rule.port === undefined && matchesName(rule, name)))
      return false
    return this.#allow.some(
      (rule) => rule.kind === 'public' || (rule.kind === 'name' && matchesName(rule, name)),
    )
  }

  /**
   * Notes what hv has resolved.
   * @param ips canonical
   * @returns those that a guest is told of: an address that is not public is told only if a rule names it literally
   */
  learn(name: string, ips: readonly string[], expiresMs: number): string[] {
    const told = ips.filter((ip) => this.#isFree(ip) || this.#allow.some((rule) => this.#isNamed(rule, ip)))
    for (const ip of told) {
      const others = (this.#resolved.get(ip) ?? []).filter((other) => other.name !== name)
      this.#resolved.delete(ip)
      this.#resolved.set(ip, [...others.slice(-7), {name, expiresMs}])
    }
    for (const ip of this.#resolved.keys()) {
      if (this.#resolved.size <= MOST_RESOLVED) break
      this.#resolved.delete(ip)
    }
    return told
  }

  /** @param ip canonical @param nowMs of the clock of `learn` */
  allows(ip: string, port: number, nowMs: number): boolean {
    return this.allowsAs(ip, port, this.namesOf(ip, nowMs))
  }

  /** @param names that lead to the address */
  allowsAs(ip: string, port: number, names: readonly string[]): boolean {
    // Whoever asks is no part of the sandbox, so this would not be the sandbox's.
    if (isLoopback(ip)) return false
    const matches = (rule: NetRule): boolean => {
      if (rule.port !== undefined && rule.port !== port) return false
      if (rule.kind === 'range') return isInRange(rule, ip)
      if (rule.kind === 'public') return true
      return names.some((name) => matchesName(rule, name))
    }
    const denies = (rule: NetRule): boolean =>
      matches(rule) || (isCarried(rule, ip) && (rule.port ?? port) === port)
    if (this.#deny.some(denies)) return false
    if (ip === HOST_ADDRESS) return this.#allow.some((rule) => isOfHostName(rule) && matches(rule))
    // A rule that does not name the address lets nobody into a private network: server-side request forgery, DNS rebinding.
    return this.#allow.some((rule) => matches(rule) && (this.#isFree(ip) || this.#isNamed(rule, ip)))
  }

  /** The names that hv resolved to the address, and that still hold. */
  namesOf(ip: string, nowMs: number): string[] {
    if (ip === HOST_ADDRESS) return [HOST_NAME]
    return (this.#resolved.get(ip) ?? []).filter(({expiresMs}) => expiresMs > nowMs).map(({name}) => name)
  }

  /** Of the names that lead to an address, the last one that a rule allows at the port, or else the last one. */
  nameAt(port: number, names: readonly string[]): string | undefined {
    const isNamed = (name: string): boolean =>
      this.#allow.some(
        (rule) => rule.kind === 'name' && (rule.port ?? port) === port && matchesName(rule, name),
      )
    return names.filter(isNamed).at(-1) ?? names.at(-1)
  }

  /** The entry of --allow-net that this connection would have needed. */
  ruleFor(ip: string, port: number, nowMs: number): string {
    const [name] = this.#isFree(ip) || ip === HOST_ADDRESS ? this.namesOf(ip, nowMs) : []
    return `${name ?? (isIPv4(ip) ? ip : `[${ip}]`)}:${port}`
  }

  /** A range that is wider than that of all addresses which carry one of IPv4 does not name a private one that way. */
  #isNamed(rule: NetRule, ip: string): boolean {
    if (rule.kind !== 'range' || !isInRange(rule, ip)) return false
    const carried = carriedIPv4(ip)
    if (carried === undefined || Number(rule.text.split('/')[1]) >= carried.bits) return true
    return carried.ips.length > 0 && carried.ips.every((each) => this.#isFree(each))
  }

  /** Public, and not the host's own. */
  #isFree(ip: string): boolean {
    return isPublic(ip) && !this.#isOfHost(translatedIPv4(ip) ?? ip)
  }
}

/** Only the name itself: a wildcard may be meant for a network's own names. */
function isOfHostName(rule: NetRule): boolean {
  return rule.kind === 'name' && rule.name === HOST_NAME && !rule.isWildcard
}

/** To a BlockList, IPv4 lies in ::/0, because of its mapped addresses: who allows all of IPv6 has allowed no private network. */
function isInRange(rule: NetRule, ip: string): boolean {
  return rule.kind === 'range' && rule.text.includes(':') === ip.includes(':') && isIn(rule.addresses, ip)
}

/** Whether it is in the range once a network has sent it on to IPv4. */
function isCarried(rule: NetRule, ip: string): boolean {
  return carriedIPv4(ip)?.ips.some((each) => isInRange(rule, each)) === true
}
