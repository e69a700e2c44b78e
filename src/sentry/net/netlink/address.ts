// struct sockaddr_nl: a port id, and groups 1 to 32 as bits: netlink(7).

import {EINVAL, Errno} from '../../../abi/errno.ts'
import {SOCKADDR_NL_BYTES} from '../../../abi/netlink.ts'
import {AF_NETLINK} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'

/** @throws Errno EINVAL */
export function decodeAddress(address: Uint8Array): {port: number; groups: number} {
  if (address.length < SOCKADDR_NL_BYTES) throw new Errno(EINVAL)
  const view = viewOf(address)
  if (view.getUint16(0, true) !== AF_NETLINK) throw new Errno(EINVAL)
  return {port: view.getUint32(4, true), groups: view.getUint32(8, true)}
}

export function encodeAddress(port: number, groups: number): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_NL_BYTES)
  const view = viewOf(bytes)
  view.setUint16(0, AF_NETLINK, true)
  view.setUint32(4, port, true)
  view.setUint32(8, groups, true)
  return bytes
}
