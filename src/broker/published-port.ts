// PublishedPort: one entry of --publish: a port of this host that leads to a port of the guest, as `docker run` writes it.

import {isIP} from 'node:net'
import {badArgument, type HvError} from '../errors.ts'

export const MOST_PUBLISHED = 256
const LOOPBACK = '127.0.0.1'
const MAX_PORT = 65_535
const ENTRY = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,9}):(\d{1,9})(?:\/(tcp|udp))?$/

/**
 * A port of this host that leads to a port of a sandbox. @see {@link Sandbox.published}
 *
 * @example
 * await using sandbox = await Sandbox.create({net: {publish: ['0:8080']}})
 * const [port]: readonly PublishedPort[] = sandbox.published
 * console.log(port.address, port.guestPort, port.protocol) // 127.0.0.1 8080 tcp
 */
export interface PublishedPort {
  /** Of this host: the only one at which it can be reached; `0.0.0.0` and `::` are all of its addresses. */
  readonly address: string
  readonly hostPort: number
  readonly guestPort: number
  readonly protocol: 'tcp' | 'udp'
}

/** @param text `[ADDR:]HOSTPORT:GUESTPORT[/udp]`, IPv6 in brackets @throws HvError BAD_ARGUMENT */
export function parsePublished(text: string): PublishedPort {
  const [, bracketed, plain, host, guest, protocol = 'tcp'] = ENTRY.exec(text) ?? []
  if (guest === undefined)
    throw bad(
      text,
      'is no published port',
      'write [ADDR:]HOSTPORT:GUESTPORT[/udp], e.g. 8080:80 or [::1]:5353:53/udp',
    )
  const [hostPort, guestPort] = [Number(host), Number(guest)]
  if (hostPort > MAX_PORT || guestPort > MAX_PORT || guestPort === 0)
    throw bad(
      text,
      'has a port out of range',
      `give ports from 1 to ${MAX_PORT}; 0 in place of the host's is any free one`,
    )
  const address = bracketed ?? plain ?? LOOPBACK
  const isAddress = isIP(address) === (bracketed === undefined ? 4 : 6) && !address.includes('%')
  if (!isAddress)
    throw bad(
      text,
      'names no address of this host',
      'give an IPv4 address, or an IPv6 one in brackets, e.g. [::1]:8080:80',
    )
  return {address, hostPort, guestPort, protocol: protocol === 'udp' ? 'udp' : 'tcp'}
}

/** As `parsePublished` reads it. */
export function formatPublished({address, hostPort, guestPort, protocol}: PublishedPort): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${host}:${hostPort}:${guestPort}${protocol === 'udp' ? '/udp' : ''}`
}

/** @throws HvError BAD_ARGUMENT: too many, or one twice */
export function requireDistinct(ports: readonly PublishedPort[]): void {
  if (ports.length > MOST_PUBLISHED)
    throw badArgument(`more than ${MOST_PUBLISHED} published ports`, 'publish fewer')
  const seen = new Set<string>()
  for (const port of ports) {
    const key = `${port.address} ${port.hostPort} ${port.protocol}`
    if (port.hostPort !== 0 && seen.has(key))
      throw badArgument(
        `port ${port.hostPort} of ${port.address} is published twice`,
        'give each port of this host once',
      )
    seen.add(key)
  }
}

function bad(text: string, what: string, nextStep: string): HvError {
  return badArgument(`${JSON.stringify(text.slice(0, 80))} ${what}`, nextStep)
}
