// DNS records as they travel: RFC 1035, 3.2. What the host's resolver answers → types, TTLs and data in bytes.

export const DNS_TYPES = {A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33} as const
export type DnsType = keyof typeof DNS_TYPES
/** Of an answer; what is beyond it is left out. */
export const MOST_RECORDS = 40

/** Characters of a record's data in base64, at most. */
export const MOST_DATA = 1024

export interface DnsRecord {
  /** Seconds. */
  readonly ttl: number
  /** RDATA, in base64; names in it are not compressed. */
  readonly data: string
}

/** @param ip canonical */
export function addressRecord(ip: string, ttl: number): DnsRecord {
  return {ttl, data: ipBytes(ip).toString('base64')}
}

/** @param ip canonical @returns in network order */
export function ipBytes(ip: string): Buffer {
  return Buffer.from(ip.includes(':') ? ipv6Bytes(ip) : ip.split('.').map(Number))
}

function ipv6Bytes(ip: string): number[] {
  const [head, tail = []] = ip.split('::').map((half) => half.split(':').filter(Boolean))
  const gap = ip.includes('::') ? Array<string>(8 - head.length - tail.length).fill('0') : []
  return [...head, ...gap, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

/** @param value what Node's resolver gives for the type @returns undefined: it is too long, or none that hv knows */
export function otherRecord(type: DnsType, value: unknown, ttl: number): DnsRecord | undefined {
  const data = dataOf(type, value)?.toString('base64')
  return data === undefined || data.length > MOST_DATA ? undefined : {ttl, data}
}

function dataOf(type: DnsType, value: unknown): Buffer | undefined {
  if (type === 'TXT') return Buffer.concat((value as string[]).map((text) => counted(Buffer.from(text))))
  if (type === 'MX') {
    const {priority, exchange} = value as {priority: number; exchange: string}
    return Buffer.concat([words(priority), encodeName(exchange)])
  }
  if (type === 'SRV') {
    const {priority, weight, port, name} = value as Record<'priority' | 'weight' | 'port', number> & {
      name: string
    }
    return Buffer.concat([words(priority, weight, port), encodeName(name)])
  }
  return type === 'CNAME' || type === 'PTR' ? encodeName(value as string) : undefined
}

function words(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]))
}

/** Labels, each behind its length, and the root. Precondition: it is a name that a resolver gave. */
export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter(Boolean)
  return Buffer.concat([
    ...labels.map((label) => counted(Buffer.from(label, 'latin1').subarray(0, 63))),
    Buffer.alloc(1),
  ])
}

function counted(bytes: Buffer): Buffer {
  const part = bytes.subarray(0, 255)
  return Buffer.concat([Buffer.of(part.length), part])
}
