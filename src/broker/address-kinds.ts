// Which addresses are public, and which belong to a private network, this host, or a cloud's metadata service: the special-purpose registries of IANA (RFC 6890).

import {BlockList, isIP, isIPv4} from 'node:net'

/** What stands in the registries as not globally reachable, and what nobody should reach through hv by chance: 6to4 and relays. */
const RESERVED_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
]
/** Of 2000::/3, outside of which nothing is public. 2002::/16 (6to4) and 2001::/32 (Teredo) carry any IPv4 address. */
const RESERVED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
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
  if (isIPv4(ip)) return !RESERVED.check(ip)
  // NAT64 (RFC 6052): a network's translator sends to the IPv4 address.
  const translated = embeddedIPv4(ip, '64:ff9b::')
  if (translated !== undefined) return isPublic(translated)
  return GLOBAL_UNICAST.check(ip, 'ipv6') && !RESERVED.check(ip, 'ipv6')
}

/** The last 32 bits of an address in its shortest form, which shows them as two groups. */
function embeddedIPv4(ip: string, prefix: string): string | undefined {
  const match = ip.startsWith(prefix) && /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(ip.slice(prefix.length))
  if (!match) return undefined
  const [high, low] = [match[1], match[2]].map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
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
