// ioctl(2) on a socket that asks for network interfaces: man 7 netdevice; net/core/dev_ioctl.c, net/ipv4/devinet.c.

import {EADDRNOTAVAIL, EINVAL, ENODEV, ENOTTY, EOPNOTSUPP, EPERM, Errno} from '../../abi/errno.ts'
import * as abi from '../../abi/ioctl.ts'
import {IFCONF_BYTES, IFCONF_LIST, IFNAMSIZ, IFREQ_BYTES} from '../../abi/netdevice.ts'
import {AF_INET} from '../../abi/socket.ts'
import {viewOf} from '../../abi/view.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {writeInt} from '../../vfs/int-argument.ts'
import {ANY, encodeEndpoint, type IpAddress, LOOPBACK} from './inet/address.ts'
import {LO, LOOPBACK_MASK} from './loopback.ts'

/** The interfaces are the kernel's: no capability is enough. */
const CHANGES: ReadonlySet<number> = new Set([
  ...[abi.SIOCSIFFLAGS, abi.SIOCSIFMETRIC, abi.SIOCSIFMTU, abi.SIOCSIFNAME, abi.SIOCSIFHWADDR],
  ...[abi.SIOCSIFSLAVE, abi.SIOCADDMULTI, abi.SIOCDELMULTI, abi.SIOCSIFHWBROADCAST, abi.SIOCSIFTXQLEN],
  abi.SIOCSIFMAP,
])
/** The same, of addresses and routes: they are requests of internet sockets alone. */
const INTERNET_CHANGES: ReadonlySet<number> = new Set([
  ...[abi.SIOCSIFADDR, abi.SIOCSIFDSTADDR, abi.SIOCSIFBRDADDR, abi.SIOCSIFNETMASK, abi.SIOCDIFADDR],
  ...[abi.SIOCADDRT, abi.SIOCDELRT],
])

const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer)

/** What is written behind the name; what follows stays as it was. */
const ANSWERS: ReadonlyMap<number, Uint8Array> = new Map([
  [abi.SIOCGIFFLAGS, Uint8Array.of(LO.flags, LO.flags >> 8)],
  [abi.SIOCGIFINDEX, int32(LO.index)],
  [abi.SIOCGIFMETRIC, int32(0)],
  [abi.SIOCGIFMTU, int32(LO.mtu)],
  [abi.SIOCGIFTXQLEN, int32(LO.queueLength)],
  [
    abi.SIOCGIFHWADDR,
    Uint8Array.of(LO.type & 0xff, LO.type >> 8, ...LO.hardwareAddress, ...new Array(8).fill(0)),
  ],
  [abi.SIOCGIFMAP, new Uint8Array(24)],
])

/** No driver serves these for `lo`. */
const REFUSALS: ReadonlyMap<number, number> = new Map([
  [abi.SIOCGIFSLAVE, EINVAL],
  [abi.SIOCETHTOOL, EOPNOTSUPP],
])

/** Linux knows no broadcast address of `lo`. */
const IPV4_ANSWERS: ReadonlyMap<number, IpAddress> = new Map([
  [abi.SIOCGIFADDR, LOOPBACK],
  [abi.SIOCGIFDSTADDR, LOOPBACK],
  [abi.SIOCGIFBRDADDR, ANY],
  [abi.SIOCGIFNETMASK, LOOPBACK_MASK],
])

/** @throws Errno ENOTTY: another request; ENODEV: no such interface; EPERM, EINVAL, EOPNOTSUPP, EFAULT */
export function askInterface(request: number, address: number, memory: IoctlMemory): 0 {
  if (request === abi.SIOCGIFCONF) return listInterfaces(address, memory)
  if (CHANGES.has(request)) throw new Errno(EPERM)
  const answer = ANSWERS.get(request)
  const refusal = REFUSALS.get(request)
  if (answer === undefined && refusal === undefined && request !== abi.SIOCGIFNAME) throw new Errno(ENOTTY)
  const bytes = memory.read(address, IFREQ_BYTES)
  if (request === abi.SIOCGIFNAME) {
    if (viewOf(bytes).getInt32(IFNAMSIZ, true) !== LO.index) throw new Errno(ENODEV)
    bytes.set(nameBytes())
  } else {
    if (nameIn(bytes).split(':', 1)[0] !== LO.name) throw new Errno(ENODEV)
    if (refusal !== undefined) throw new Errno(refusal)
    bytes.set(answer!, IFNAMSIZ)
  }
  memory.write(address, bytes)
  return 0
}

/** The same of an internet socket. @throws Errno as `askInterface`; EADDRNOTAVAIL: no address has that label */
export function askInternetInterface(
  family: number,
  request: number,
  address: number,
  memory: IoctlMemory,
): 0 {
  if (INTERNET_CHANGES.has(request)) throw new Errno(EPERM)
  const ip = family === AF_INET ? IPV4_ANSWERS.get(request) : undefined
  if (ip === undefined) return askInterface(request, address, memory)
  const bytes = memory.read(address, IFREQ_BYTES)
  const name = nameIn(bytes)
  if (name !== LO.name) throw new Errno(name.startsWith(`${LO.name}:`) ? EADDRNOTAVAIL : ENODEV)
  bytes.set(encodeEndpoint({ip, port: 0}, AF_INET), IFNAMSIZ)
  memory.write(address, bytes)
  return 0
}

/** SIOCGIFCONF: a struct ifreq for each IPv4 address, as many as there is room for; without a list, their size. */
function listInterfaces(address: number, memory: IoctlMemory): 0 {
  const conf = viewOf(memory.read(address, IFCONF_BYTES))
  const list = Number(conf.getBigUint64(IFCONF_LIST, true))
  if (list === 0) return writeInt(memory, address, IFREQ_BYTES)
  if (conf.getInt32(0, true) < IFREQ_BYTES) return writeInt(memory, address, 0)
  const entry = new Uint8Array(IFREQ_BYTES)
  entry.set(nameBytes())
  entry.set(encodeEndpoint({ip: LOOPBACK, port: 0}, AF_INET), IFNAMSIZ)
  memory.write(list, entry)
  return writeInt(memory, address, IFREQ_BYTES)
}

const nameBytes = (): Uint8Array => Buffer.from(`${LO.name}\0`, 'latin1')

function nameIn(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, IFNAMSIZ - 1))
    .toString('latin1')
    .split('\0', 1)[0]
}
