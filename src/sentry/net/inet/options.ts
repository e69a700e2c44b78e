// The options of internet sockets that hold a number: ip(7), ipv6(7), tcp(7), udp(7), and SO_REUSEPORT.
//
// Most are kept and shown, and change nothing where there are no packets.

import {EINVAL, ENOPROTOOPT, Errno} from '../../../abi/errno.ts'
import * as inet from '../../../abi/inet.ts'
import {IP_OPTIONS, IPV6_OPTIONS} from './ip-option-table.ts'
import {type KeptOption, number, off, on} from './kept-option.ts'

const keyOf = (level: number, option: number): number => level * 256 + option

const LEVELS: Readonly<Record<number, Readonly<Record<number, KeptOption>>>> = {
  [inet.SOL_IP]: IP_OPTIONS,
  [inet.SOL_IPV6]: IPV6_OPTIONS,
  [inet.SOL_TCP]: {
    [inet.TCP_NODELAY]: off,
    [inet.TCP_MAXSEG]: number(536, 88, 32_767),
    [inet.TCP_CORK]: off,
    [inet.TCP_KEEPIDLE]: number(7200, 1, 32_767),
    [inet.TCP_KEEPINTVL]: number(75, 1, 32_767),
    [inet.TCP_KEEPCNT]: number(9, 1, 127),
    [inet.TCP_SYNCNT]: number(6, 1, 127),
    [inet.TCP_LINGER2]: number(60),
    [inet.TCP_DEFER_ACCEPT]: number(0),
    [inet.TCP_WINDOW_CLAMP]: number(0),
    [inet.TCP_QUICKACK]: on,
    [inet.TCP_THIN_LINEAR_TIMEOUTS]: number(0, 0, 1),
    [inet.TCP_USER_TIMEOUT]: number(0, 0),
    [inet.TCP_FASTOPEN]: number(0, 0),
    [inet.TCP_NOTSENT_LOWAT]: number(0),
    [inet.TCP_SAVE_SYN]: number(0, 0, 2),
    [inet.TCP_FASTOPEN_CONNECT]: number(0, 0, 1),
    [inet.TCP_FASTOPEN_NO_COOKIE]: number(0, 0, 1),
    [inet.TCP_INQ]: number(0, 0, 1),
  },
  [inet.SOL_UDP]: {
    [inet.UDP_CORK]: off,
    [inet.UDP_NO_CHECK6_TX]: off,
    [inet.UDP_NO_CHECK6_RX]: off,
    [inet.UDP_SEGMENT]: number(0, 0, 65_535),
    [inet.UDP_GRO]: off,
  },
}

/** @throws Errno ENOPROTOOPT */
export function optionRow(level: number, option: number): KeptOption {
  const row = LEVELS[level]?.[option]
  if (row === undefined) throw new Errno(ENOPROTOOPT)
  return row
}

/** The options that one socket has set. */
export class KeptOptions {
  readonly #values = new Map<number, number>()

  get(level: number, option: number): number | undefined {
    return this.#values.get(keyOf(level, option)) ?? LEVELS[level]?.[option]?.initial
  }

  isOn(level: number, option: number): boolean {
    return this.get(level, option) === 1
  }

  /** @throws Errno EINVAL, ENOPROTOOPT */
  set(level: number, option: number, value: number): void {
    this.#values.set(keyOf(level, option), keptValue(optionRow(level, option), value))
  }

  /** As if it had never been set. */
  clear(level: number, option: number): void {
    this.#values.delete(keyOf(level, option))
  }

  inherit(from: KeptOptions): void {
    for (const [key, value] of from.#values) this.#values.set(key, value)
  }
}

/** @throws Errno EINVAL … */
function keptValue({isSwitch, least, most, besides, error = EINVAL}: KeptOption, value: number): number {
  if (isSwitch) return Number(value !== 0)
  if (besides !== undefined && value === besides[0]) return besides[1]
  if (value < least || value > most) throw new Errno(error)
  return value
}

/** @throws Errno EINVAL */
export function intOf(value: Uint8Array): number {
  if (value.length < 4) throw new Errno(EINVAL)
  return new DataView(value.buffer, value.byteOffset).getInt32(0, true)
}

export function intBytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}
