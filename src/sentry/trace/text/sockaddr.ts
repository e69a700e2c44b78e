// struct sockaddr as strace writes it.

import {AF_UNIX, MAX_ADDRESS, UNIX_ADDRESS_MAX, UNIX_PATH_OFFSET} from '../../../abi/socket.ts'
import type {UserMemory} from '../../memory/user-memory.ts'
import {familyName} from '../names/sockets.ts'
import {hexOf} from './number.ts'
import {quote} from './quote.ts'

/** @throws Errno EFAULT */
export function showAddress(memory: UserMemory, address: number, length: number): string {
  if (length < UNIX_PATH_OFFSET) return hexOf(address)
  const bytes = memory.readBytes(address, Math.min(length, MAX_ADDRESS))
  const family = bytes[0] | (bytes[1] << 8)
  const data = bytes.subarray(UNIX_PATH_OFFSET, family === AF_UNIX ? UNIX_ADDRESS_MAX : undefined)
  const parts = [`sa_family=${familyName(family)}`]
  if (data.length > 0)
    parts.push(family === AF_UNIX ? `sun_path=${showPath(data)}` : `sa_data=${quote(data)}`)
  return `{${parts.join(', ')}}`
}

function showPath(bytes: Uint8Array): string {
  if (bytes[0] === 0) return `@${quote(bytes.subarray(1))}`
  const end = bytes.indexOf(0)
  return quote(end < 0 ? bytes : bytes.subarray(0, end))
}
