// What a program's machine knows of its network from the start: its cards' addresses, and name servers.

import {readFileSync} from 'node:fs'
import {attempt} from '../errors.ts'
import type {Network} from '../machine/kernel/connect-network.ts'
import type {CardAddress} from '../machine/program/card-address.ts'
import {usualAddress} from '../machine/program/usual-address.ts'

/** The second one has the servers of a host whose own is systemd-resolved, at a loopback address. */
const FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']
const LOOPBACK = /^(127\.|::1$)/

/** A network card of the command's. */
export type Card = Network & {
  /** In a program's machine; default: {@link usualAddress}. */
  address?: CardAddress
}

/** Call it before the jail closes. */
export const addressesOf = (
  cards: readonly (Pick<Card, 'address'> & ({tap: string} | object))[],
): (CardAddress | undefined)[] =>
  cards.map((card, index) => card.address ?? usualAddress('tap' in card ? card.tap : undefined, index))

/** As `addressesOf`: the resolv.conf(5) of a machine on this host's networks. undefined: none is known that it could reach */
export function resolvConf(files: readonly string[] = FILES): string | undefined {
  for (const file of files) {
    const text = attempt(() => readFileSync(file, 'utf8')) ?? ''
    const servers = Array.from(text.matchAll(/^\s*nameserver\s+([\da-f.:]+)\s*$/gim), ([, server]) => server)
    const reachable = servers.filter((server) => !LOOPBACK.test(server))
    if (reachable.length > 0) return reachable.map((server) => `nameserver ${server}\n`).join('')
  }
  return undefined
}
