// Resolver: the names that a policy allows → records, by the host's name servers.

import {isIPv4} from 'node:net'
import {EACCES, EIO, ENOENT} from '../abi/errno.ts'
import {canonicalIp, isLoopback} from './address-kinds.ts'
import {HOST_ADDRESS, HOST_NAME, type NetPolicy} from './net-policy.ts'
import {canonicalName} from './net-rules.ts'
import type {NetAnswer, ResolveQuestion} from './protocol.ts'
import {addressRecord, type DnsRecord, type DnsType, MOST_RECORDS, otherRecord} from './records.ts'

/** How long an address is allowed at least: programs look a name up, and connect some time later. */
const LEAST_TTL = 60
const MOST_TTL = 86_400
const MS_PER_SECOND = 1000

/** A resolver of node:dns, or a test's. @throws Error with `code` */
export interface DnsLookup {
  resolve4(name: string, options: {ttl: true}): Promise<{address: string; ttl: number}[]>
  resolve6(name: string, options: {ttl: true}): Promise<{address: string; ttl: number}[]>
  resolve(name: string, type: string): Promise<unknown>
}

/** The name leads only to addresses that no rule names. */
class PrivateAddress {
  readonly rule: string

  constructor(ip: string) {
    // No rule allows a loopback address; the host's has a name.
    this.rule = isLoopback(ip) ? HOST_NAME : isIPv4(ip) ? ip : `[${ip}]`
  }
}

export class Resolver {
  readonly #policy: NetPolicy
  readonly #dns: DnsLookup
  readonly #nowMs: () => number

  constructor(policy: NetPolicy, dns: DnsLookup, nowMs: () => number) {
    this.#policy = policy
    this.#dns = dns
    this.#nowMs = nowMs
  }

  /** EACCES: no rule allows the name. ENOENT: there is none. EIO: no name server said anything. Never throws. */
  async resolve({id, name: text, type}: ResolveQuestion): Promise<NetAnswer> {
    const name = canonicalName(text)
    if (name === undefined) return {id, errno: ENOENT}
    if (!this.#policy.resolves(name)) return {id, errno: EACCES, needs: name}
    if (name === HOST_NAME)
      return {id, errno: 0, records: type === 'A' ? [addressRecord(HOST_ADDRESS, LEAST_TTL)] : []}
    try {
      const records =
        type === 'A' || type === 'AAAA' ? await this.#addresses(name, type) : await this.#others(name, type)
      return {id, errno: 0, records: records.slice(0, MOST_RECORDS)}
    } catch (error) {
      if (error instanceof PrivateAddress) return {id, errno: EACCES, needs: error.rule}
      const {code} = error as {code?: string}
      if (code === 'ENODATA') return {id, errno: 0, records: []}
      return {id, errno: code === 'ENOTFOUND' ? ENOENT : EIO}
    }
  }

  /** Those that the policy tells a guest of, which it may connect to from now on. */
  async #addresses(name: string, type: 'A' | 'AAAA'): Promise<DnsRecord[]> {
    const found = await this.#dns[type === 'A' ? 'resolve4' : 'resolve6'](name, {ttl: true})
    const addresses = found.slice(0, MOST_RECORDS).flatMap(({address, ttl}) => {
      const ip = canonicalIp(address)
      // A mapped address is no IPv6 one.
      if (ip === undefined || isIPv4(ip) !== (type === 'A')) return []
      return [{ip, ttl: Math.min(MOST_TTL, Math.max(LEAST_TTL, ttl))}]
    })
    const told = addresses.filter(({ip, ttl}) => this.#learns(name, ip, ttl))
    const [hidden] = addresses
    if (told.length === 0 && hidden !== undefined) throw new PrivateAddress(hidden.ip)
    return told.map(({ip, ttl}) => addressRecord(ip, ttl))
  }

  #learns(name: string, ip: string, ttl: number): boolean {
    return this.#policy.learn(name, [ip], this.#nowMs() + ttl * MS_PER_SECOND).length > 0
  }

  async #others(name: string, type: DnsType): Promise<DnsRecord[]> {
    const found = await this.#dns.resolve(name, type)
    const values = Array.isArray(found) ? found : [found]
    return values.flatMap((value: unknown) => otherRecord(type, value, LEAST_TTL) ?? [])
  }
}
