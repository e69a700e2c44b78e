// CardAddress: what a network card of a program's machine is called, and the gateway that it uses: native/programs/machine_init.h.

/** IPv4 addresses as numbers. */
export interface CardAddress {
  readonly address: number
  /** Bits of its network. */
  readonly prefix: number
  readonly gateway?: number
}

const CARD_WORDS = 3
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
export function isHost(address: number, prefix: number): boolean {
  const inNetwork = (address & ~maskOf(prefix)) >>> 0
  return inNetwork !== 0 && inNetwork !== ~maskOf(prefix) >>> 0
}
