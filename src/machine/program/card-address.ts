// CardAddress: what a network card of a program's machine is called, and the gateway that it uses: native/programs/machine_init.h.

import {attempt} from '../../errors.ts'
import {addressOfInterface} from '../../vm/open-tap.ts'

/** IPv4 addresses as numbers. */
export interface CardAddress {
  readonly address: number
  /** Bits of its network. */
  readonly prefix: number
  readonly gateway?: number
}

const CARD_WORDS = 3
/** 10.0.2.0/24, where QEMU's user networking has its guest at 15 and its gateway at 2; passt(1) takes any address for a guest's. */
const [USER_NETWORK, USER_PREFIX, USER_GUEST, USER_GATEWAY] = [0x0a000200, 24, 15, 2]
const NETWORK_STEP = 0x100
/** Longer ones have no room for a guest beside the host. */
const LONGEST_PREFIX = 30

/** `10.0.1.2`. undefined: it is no IPv4 address */
export function parseAddress(text: string): number | undefined {
  const bytes = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text.split('.').map(Number) : [256]
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** `10.0.1.2/24`. undefined: it is no address of a host in a network */
export function parseCardAddress(text: string): CardAddress | undefined {
  const [, host, bits] = /^([^/]+)\/(\d{1,2})$/.exec(text) ?? []
  const address = host === undefined ? undefined : parseAddress(host)
  const prefix = Number(bits)
  if (address === undefined || !(prefix >= 1 && prefix <= LONGEST_PREFIX)) return undefined
  return isHost(address, prefix) ? {address, prefix} : undefined
}

/** Whether a gateway can be reached without a gateway. */
export const isNeighbour = ({address, prefix}: CardAddress, other: number): boolean =>
  other !== address && isHost(other, prefix) && (other & maskOf(prefix)) === (address & maskOf(prefix))

/**
 * The address of a card whose user gives none: behind a socket that of a guest with QEMU's user networking; on a TAP interface with an
 * address the one beside the host's.
 * @param index of the card. @returns undefined for a TAP interface without an address, as of a bridge
 */
export function usualAddress(tap: string | undefined, index: number): CardAddress | undefined {
  if (tap === undefined) {
    const network = USER_NETWORK + index * NETWORK_STEP
    return {address: network + USER_GUEST, prefix: USER_PREFIX, gateway: network + USER_GATEWAY}
  }
  const host = parseCardAddress(attempt(() => addressOfInterface(tap)) ?? '')
  if (host === undefined) return undefined
  const {address: gateway, prefix} = host
  return {address: isHost(gateway + 1, prefix) ? gateway + 1 : gateway - 1, prefix, gateway}
}

/** Only the first gateway is used: of several default routes Linux takes that one. */
export function encodeCards(cards: readonly (CardAddress | undefined)[]): Uint8Array {
  const words = Buffer.alloc(cards.length * CARD_WORDS * 4)
  const first = cards.findIndex((card) => card?.gateway !== undefined)
  for (const [index, card] of cards.entries()) {
    if (card === undefined) continue
    const gateway = index === first ? card.gateway! : 0
    for (const [word, value] of [card.address, maskOf(card.prefix) >>> 0, gateway].entries())
      words.writeUInt32BE(value, (index * CARD_WORDS + word) * 4)
  }
  return words
}

const maskOf = (prefix: number): number => -1 << (32 - prefix)

/** Neither a network's own address nor its broadcast address. */
function isHost(address: number, prefix: number): boolean {
  const inNetwork = (address & ~maskOf(prefix)) >>> 0
  return inNetwork !== 0 && inNetwork !== ~maskOf(prefix) >>> 0
}
