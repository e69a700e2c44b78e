// Which addresses are public, and which belong to a private network, this host, or a cloud's metadata service: the special-purpose registries of IANA (RFC 6890).

import {BlockList, isIP, isIPv4} from 'node:net'
import {ipBytes} from './records.ts'

/** What stands in the registries as not globally reachable, and what nobody should reach through hv by chance: 6to4 and relays. */
const RESERVED_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // Azure's own service of each machine, which stands in no registry.
  '168.63.129.16/32',
]
/** Of 2000::/3, outside of which nothing is public. 2002::/16 (6to4) and 2001::/32 (Teredo) carry any IPv4 address. */
const RESERVED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/** A range of IPv6 whose addresses carry those of IPv4, to which a network, a translator or a relay sends on. */
interface Embedding {
  readonly range: BlockList
  readonly bits: number
  /** Where the four bytes of an address begin; none: each network decides that. A negative one: they are inverted. */
  readonly offsets: readonly number[]
}

const EMBEDDINGS: readonly Embedding[] = [
  embedding('::', 96, 12), // IPv4-compatible: RFC 4291, 2.5.5.1
  embedding('::ffff:0:0:0', 96, 12), // SIIT's: RFC 2765
  embedding('64:ff9b::', 96, 12), // NAT64: RFC 6052
  embedding('64:ff9b:1::', 48), // a network's own NAT64: RFC 8215
  embedding('2002::', 16, 2), // 6to4: RFC 3056
  embedding('2001::', 32, 4, -12), // Teredo, server and client: RFC 4380, 4
]
/** Linux's connect(2) takes the unspecified address for loopback. */
const LOOPBACK = listOf(['0.0.0.0/8', '127.0.0.0/8', '::/127'])
const GLOBAL_UNICAST = listOf(['2000::/3'])
const RESERVED = listOf([...RESERVED_IPV4, ...RESERVED_IPV6])

/** An address as it is compared: IPv6 in its shortest form, one that stands for an IPv4 address as that. Undefined: it is none. */
export function canonicalIp(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  if (isIPv4(text)) return text
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1)
  return embeddedIPv4(short, '::ffff:') ?? short
}

/** Precondition: `ip` is canonical. */
export function isPublic(ip: string): boolean {
  const to = translatedIPv4(ip) ?? ip
  if (isIPv4(to)) return !RESERVED.check(to)
  return GLOBAL_UNICAST.check(to, 'ipv6') && !RESERVED.check(to, 'ipv6')
}

/** Whether it leads to the machine that connects to it. */
export function isLoopback(ip: string): boolean {
  return isIn(LOOPBACK, ip) || carriedIPv4(ip)?.ips.some((each) => isIn(LOOPBACK, each)) === true
}

/** Where a network's translator sends what is for an address of NAT64 (RFC 6052); undefined: it is none. */
export function translatedIPv4(ip: string): string | undefined {
  return embeddedIPv4(ip, '64:ff9b::')
}

/**
 * The IPv4 addresses to which a network may send on what is for this one, none if only the network knows; and how many bits the range of
 * such addresses has. Undefined: it carries none.
 */
export function carriedIPv4(ip: string): {ips: string[]; bits: number} | undefined {
  const found = isIPv4(ip) ? undefined : EMBEDDINGS.find(({range}) => isIn(range, ip))
  if (found === undefined) return undefined
  const bytes = ipBytes(ip)
  const at = (offset: number): string => {
    const four = bytes.subarray(Math.abs(offset), Math.abs(offset) + 4)
    return (offset < 0 ? four.map((byte) => byte ^ 0xff) : four).join('.')
  }
  return {ips: found.offsets.map(at), bits: found.bits}
}

export function isIn(list: BlockList, ip: string): boolean {
  return list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6')
}

/** The last 32 bits of an address in its shortest form, which shows them as two groups. */
function embeddedIPv4(ip: string, prefix: string): string | undefined {
  const match = ip.startsWith(prefix) && /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(ip.slice(prefix.length))
  if (!match) return undefined
  const [high, low] = [match[1], match[2]].map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function embedding(prefix: string, bits: number, ...offsets: readonly number[]): Embedding {
  return {range: listOf([`${prefix}/${bits}`]), bits, offsets}
}

/** @param ranges `ADDRESS/BITS` */
export function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [ip, bits] = range.split('/')
    list.addSubnet(ip, Number(bits), isIPv4(ip) ? 'ipv4' : 'ipv6')
  }
  return list
}
