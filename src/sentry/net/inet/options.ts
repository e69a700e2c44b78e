// The options of internet sockets that hold a number: ip(7), ipv6(7), tcp(7), udp(7), and SO_REUSEPORT.
//
// Most are kept and shown, and change nothing where there are no packets.

import {EINVAL, ENOPROTOOPT, Errno} from '../../../abi/errno.ts'
import * as inet from '../../../abi/inet.ts'

/** An option that is kept: what it is before it is set, and which values it takes. */
export interface KeptOption {
  readonly initial: number
  readonly least: number
  readonly most: number
  /** Any value but 0 is 1. */
  readonly isSwitch?: boolean
}

const INT_MIN = -0x8000_0000
const INT_MAX = 0x7fff_ffff
const off: KeptOption = {initial: 0, least: INT_MIN, most: INT_MAX, isSwitch: true}
const on: KeptOption = {...off, initial: 1}
const number = (initial: number, least = INT_MIN, most = INT_MAX): KeptOption => ({initial, least, most})
const keyOf = (level: number, option: number): number => level * 256 + option

const LEVELS: Readonly<Record<number, Readonly<Record<number, KeptOption>>>> = {
  [inet.SOL_IP]: {
    [inet.IP_TOS]: number(0, 0, 255),
    [inet.IP_TTL]: number(64, 1, 255),
    [inet.IP_RECVOPTS]: off,
    [inet.IP_PKTINFO]: off,
    [inet.IP_MTU_DISCOVER]: number(1, 0, 5),
    [inet.IP_RECVERR]: off,
    [inet.IP_RECVTTL]: off,
    [inet.IP_RECVTOS]: off,
    [inet.IP_FREEBIND]: off,
    [inet.IP_BIND_ADDRESS_NO_PORT]: off,
    [inet.IP_MULTICAST_TTL]: number(1, -1, 255),
    [inet.IP_MULTICAST_LOOP]: on,
    [inet.IP_MULTICAST_ALL]: on,
  },
  [inet.SOL_IPV6]: {
    [inet.IPV6_UNICAST_HOPS]: number(64, -1, 255),
    [inet.IPV6_MULTICAST_HOPS]: number(1, -1, 255),
    [inet.IPV6_MULTICAST_LOOP]: on,
    [inet.IPV6_MULTICAST_ALL]: on,
    [inet.IPV6_MTU_DISCOVER]: number(1, 0, 5),
    [inet.IPV6_RECVERR]: off,
    [inet.IPV6_RECVPKTINFO]: off,
    [inet.IPV6_RECVHOPLIMIT]: off,
    [inet.IPV6_RECVTCLASS]: off,
    [inet.IPV6_TCLASS]: number(0, -1, 255),
  },
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
    [inet.TCP_WINDOW_CLAMP]: number(0, 0),
    [inet.TCP_QUICKACK]: on,
    [inet.TCP_USER_TIMEOUT]: number(0, 0),
    [inet.TCP_NOTSENT_LOWAT]: number(-1),
  },
  [inet.SOL_UDP]: {},
}

/** The options that one socket has set. */
export class KeptOptions {
  readonly #values = new Map<number, number>()

  get(level: number, option: number): number | undefined {
    return this.#values.get(keyOf(level, option)) ?? LEVELS[level]?.[option]?.initial
  }

  /** @throws Errno EINVAL, ENOPROTOOPT */
  set(level: number, option: number, value: number): void {
    const row = LEVELS[level]?.[option]
    if (row === undefined) throw new Errno(ENOPROTOOPT)
    if (value < row.least || value > row.most) throw new Errno(EINVAL)
    this.#values.set(keyOf(level, option), row.isSwitch ? Number(value !== 0) : value)
  }

  inherit(from: KeptOptions): void {
    for (const [key, value] of from.#values) this.#values.set(key, value)
  }
}

/** @throws Errno EINVAL */
export function intOf(value: Uint8Array): number {
  if (value.length < 4) throw new Errno(EINVAL)
  return new DataView(value.buffer, value.byteOffset).getInt32(0, true)
}

export function intBytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}
