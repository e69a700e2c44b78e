// The one network interface of a sandbox, as ioctl(2), rtnetlink(7), sysfs and /proc/net show it: lo is up, with 127.0.0.1/8 and ::1/128.

import {ARPHRD_LOOPBACK, IFF_LOOPBACK, IFF_LOWER_UP, IFF_RUNNING, IFF_UP} from '../../abi/netdevice.ts'
import {AF_INET, AF_INET6} from '../../abi/socket.ts'
import type {NetworkInterface} from '../../vfs/fs/sys-net.ts'
import {type IpAddress, LOOPBACK, LOOPBACK6} from './inet/address.ts'

export interface InterfaceAddress {
  /** AF_INET, AF_INET6 */
  readonly family: number
  readonly ip: IpAddress
  readonly prefixBits: number
}

export const LO: NetworkInterface & {readonly addresses: readonly InterfaceAddress[]} = {
  name: 'lo',
  index: 1,
  type: ARPHRD_LOOPBACK,
  flags: IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP,
  mtu: 65_536,
  queueLength: 1000,
  hardwareAddress: [0, 0, 0, 0, 0, 0],
  addresses: [
    {family: AF_INET, ip: LOOPBACK, prefixBits: 8},
    {family: AF_INET6, ip: LOOPBACK6, prefixBits: 128},
  ],
}

/** Of 127.0.0.1/8. */
export const LOOPBACK_MASK = 0xff00_0000
