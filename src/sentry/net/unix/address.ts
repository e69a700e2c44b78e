// UnixAddress: the name of a UNIX socket (unix(7), "Address format"), and the struct sockaddr_un that it is written as.

import {EINVAL, Errno} from '../../../abi/errno.ts'
import {AF_UNIX, UNIX_ADDRESS_MAX, UNIX_PATH_OFFSET} from '../../../abi/socket.ts'
import type {ByteString} from '../../../vfs/file.ts'

/** `bytes`: a path without a NUL, or an abstract name without its first NUL. */
export interface UnixAddress {
  readonly kind: 'path' | 'abstract'
  readonly bytes: ByteString
}

/** The address of a socket without a name: only the family. */
const NAMELESS = new Uint8Array([AF_UNIX, 0])

export const familyOf = (address: Uint8Array): number => address[0] | (address[1] << 8)

/** Whether the kernel shall choose a name: bind(2) with only the family. */
export function asksForAny(address: Uint8Array): boolean {
  return address.length === UNIX_PATH_OFFSET && familyOf(address) === AF_UNIX
}

/** @throws Errno EINVAL */
export function decodeAddress(address: Uint8Array): UnixAddress {
  if (address.length <= UNIX_PATH_OFFSET || address.length > UNIX_ADDRESS_MAX) throw new Errno(EINVAL)
  if (familyOf(address) !== AF_UNIX) throw new Errno(EINVAL)
  const name = Buffer.from(address.subarray(UNIX_PATH_OFFSET)).toString('latin1')
  if (name.startsWith('\0')) return {kind: 'abstract', bytes: name.slice(1)}
  const end = name.indexOf('\0')
  return {kind: 'path', bytes: end < 0 ? name : name.slice(0, end)}
}

/** In the form of recvfrom(2): a sender without a name sends none. */
export function nameOf(address: UnixAddress | undefined): Uint8Array | undefined {
  return address && encodeAddress(address)
}

/** In the form of getsockname(2): a path with its NUL. */
export function encodeAddress(address: UnixAddress | undefined): Uint8Array {
  if (address === undefined) return NAMELESS
  const name = address.kind === 'path' ? `${address.bytes}\0` : `\0${address.bytes}`
  return Buffer.concat([NAMELESS, Buffer.from(name, 'latin1')])
}
