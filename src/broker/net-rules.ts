// NetRule: one entry of --allow-net or --deny-net, and how a list of them is written: `example.com:443,*.example.org,10.0.0.0/8:5432,[2001:db8::/32]`.

import {type BlockList, isIPv4} from 'node:net'
import {badArgument} from '../errors.ts'
import {canonicalIp, isLoopback, listOf} from './address-kinds.ts'

/** At most as many rules in a list, so that each question has a bounded answer. */
const MOST_RULES = 1000
const MAX_PORT = 65_535
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/
const MOST_NAME_BYTES = 253
/** With all names below it, the loopback of whoever asks: RFC 6761, 6.3. */
const LOCAL_NAME = 'localhost'

interface Ports {
  /** Undefined: all. */
  readonly port: number | undefined
}

/** `kind`: every public address; one range of addresses; one name, or (`isWildcard`) all names below it. */
export type NetRule = Ports &
  (
    | {readonly kind: 'public'}
    | {readonly kind: 'range'; readonly addresses: BlockList; readonly text: string}
    | {readonly kind: 'name'; readonly name: string; readonly isWildcard: boolean}
  )

/** @param list entries between commas; empty: every public address @throws HvError BAD_ARGUMENT */
export function parseNetRules(list: string): NetRule[] {
  if (list.trim() === '') return [{kind: 'public', port: undefined}]
  const entries = list.split(',')
  if (entries.length > MOST_RULES) throw badArgument(`more than ${MOST_RULES} network rules`)
  return entries.map((entry) => parseNetRule(entry.trim()))
}

/** @throws HvError BAD_ARGUMENT */
export function parseNetRule(entry: string): NetRule {
  const {host, port} = splitEntry(entry)
  const range = rangeOf(host)
  if (range !== undefined && isOfLoopback(range)) throw refuseLoopback(entry)
  if (range !== undefined) return {kind: 'range', addresses: listOf([range]), text: range, port}
  const name = canonicalName(host.startsWith('*.') ? host.slice(2) : host)
  if (name === undefined) throw refuse(entry)
  if (name === LOCAL_NAME || name.endsWith(`.${LOCAL_NAME}`)) throw refuseLoopback(entry)
  return {kind: 'name', name, isWildcard: host.startsWith('*.'), port}
}

/** `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT`; an IPv6 address without brackets has no port. */
function splitEntry(entry: string): {host: string; port: number | undefined} {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?$/.exec(entry)
  if (match === null) return {host: entry, port: undefined}
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port === 0 || port > MAX_PORT)) throw refuse(entry)
  // Brackets are for IPv6 addresses alone.
  if (match[1] !== undefined && !match[1].includes(':')) throw refuse(entry)
  return {host: match[1] ?? match[2], port}
}

/** `ADDRESS/BITS` of an address or a range; undefined: it is neither. */
function rangeOf(host: string): string | undefined {
  const [address, bits, ...others] = host.split('/')
  const ip = canonicalIp(address)
  if (ip === undefined || others.length > 0) return undefined
  const width = isIPv4(ip) ? 32 : 128
  if (bits === undefined) return `${ip}/${width}`
  // A mapped range would be an IPv4 one with other bits.
  const isMapped = isIPv4(ip) && address.includes(':')
  return /^[0-9]{1,3}$/.test(bits) && Number(bits) <= width && !isMapped ? `${ip}/${bits}` : undefined
}

/** In lower case, without the last dot. Undefined: it is no name of a host, or looks like a number. */
export function canonicalName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  if (name.length > MOST_NAME_BYTES || !labels.every((label) => LABEL.test(label))) return undefined
  // 127.1 and 0x7f000001 are addresses to some programs.
  return /^(0x[0-9a-f]*|[0-9]+)$/.test(labels[labels.length - 1]) ? undefined : name
}

export function matchesName({name, isWildcard}: {name: string; isWildcard: boolean}, asked: string): boolean {
  return isWildcard ? asked.endsWith(`.${name}`) : asked === name
}

/** All of it, not only a part, as of 0.0.0.0/0. @param range `ADDRESS/BITS` */
function isOfLoopback(range: string): boolean {
  const [ip, bits] = range.split('/')
  return isLoopback(ip) && Number(bits) >= (isIPv4(ip) ? 8 : 127)
}

/** A guest's loopback is its sandbox's, which no rule changes. */
function refuseLoopback(entry: string) {
  return badArgument(
    `'${entry}' is the sandbox's own loopback, which needs no rule`,
    'for the loopback of the host write host.internal:PORT',
  )
}

function refuse(entry: string) {
  return badArgument(
    `'${entry}' is no host, address or range of addresses`,
    'write HOST, *.DOMAIN, ADDRESS, ADDRESS/BITS or [IPV6], each with :PORT or without',
  )
}
