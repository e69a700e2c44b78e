// Control messages (struct cmsghdr) as strace writes them.

import {IP_PKTINFO, IP_TOS, IP_TTL, SOL_IP} from '../../../abi/inet.ts'
import {
  CMSG_LEVEL,
  CMSG_TYPE,
  CMSGHDR_BYTES,
  cmsgSpace,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOL_SOCKET,
  UCRED_BYTES,
} from '../../../abi/socket.ts'
import {ipOptionName} from '../names/inet.ts'
import {levelName} from '../names/sockets.ts'
import {type TracedCall, viewOf} from '../traced-call.ts'
import {descriptor} from './descriptor.ts'
import {counted, enumeration, hexOf} from './number.ts'
import {quote, quoteHex} from './quote.ts'
import {showInterface, showIPv4} from './sockaddr.ts'

const controlName = enumeration(counted('SCM_', 'RIGHTS CREDENTIALS SECURITY PIDFD', 1), 'SCM_???')
const TYPE_NAMES: ReadonlyMap<number, (type: number) => string> = new Map([
  [SOL_SOCKET, controlName],
  [SOL_IP, ipOptionName],
])
/** The most that is shown: no call takes more. */
const MAX_SHOWN = 131_072

/** @throws Errno EFAULT */
export function showControl(call: TracedCall, address: number, length: number): string {
  const bytes = call.memory.readBytes(address, Math.min(length, MAX_SHOWN))
  const view = viewOf(bytes)
  const shown: string[] = []
  for (let at = 0; at + CMSGHDR_BYTES <= bytes.length; ) {
    const size = Number(view.getBigUint64(at, true))
    const end = Math.min(bytes.length, at + size)
    const head = `cmsg_len=${view.getBigUint64(at, true)}`
    const level = view.getInt32(at + CMSG_LEVEL, true)
    const type = view.getInt32(at + CMSG_TYPE, true)
    const typeText = TYPE_NAMES.get(level)?.(type) ?? hexOf(type >>> 0)
    const data = bytes.subarray(at + CMSGHDR_BYTES, Math.max(end, at + CMSGHDR_BYTES))
    const parts = [head, `cmsg_level=${levelName(level)}`, `cmsg_type=${typeText}`]
    if (data.length > 0) parts.push(`cmsg_data=${showData(call, level, type, data)}`)
    shown.push(`{${parts.join(', ')}}`)
    if (size < CMSGHDR_BYTES) break
    at += cmsgSpace(size - CMSGHDR_BYTES)
    if (shown.length === call.limit) {
      shown.push('...')
      break
    }
  }
  return `[${shown.join(', ')}]`
}

function showData(call: TracedCall, level: number, type: number, data: Uint8Array): string {
  if (level === SOL_IP) return showIPData(call, type, data)
  if (level !== SOL_SOCKET) return quoteHex(data.subarray(0, call.limit))
  const view = viewOf(data)
  if (type === SCM_CREDENTIALS && data.length === UCRED_BYTES) return showCredentials(view)
  if (type !== SCM_RIGHTS) return quote(data.subarray(0, call.limit))
  const fds: string[] = []
  for (let at = 0; at + 4 <= data.length; at += 4) fds.push(descriptor(call, view.getInt32(at, true)))
  return `[${fds.join(', ')}]`
}

function showIPData(call: TracedCall, type: number, data: Uint8Array): string {
  if (type === IP_TTL && data.length >= 4) return `[${viewOf(data).getInt32(0, true)}]`
  if (type === IP_TOS) return `[${Array.from(data, hexOf).join(', ')}]`
  if (type !== IP_PKTINFO || data.length < 12) return quoteHex(data.subarray(0, call.limit))
  const index = viewOf(data).getInt32(0, true)
  return `{ipi_ifindex=${showInterface(index)}, ipi_spec_dst=${showIPv4(data, 4)}, ipi_addr=${showIPv4(data, 8)}}`
}

/** struct ucred. */
export function showCredentials(view: DataView): string {
  return `{pid=${view.getInt32(0, true)}, uid=${view.getUint32(4, true)}, gid=${view.getUint32(8, true)}}`
}
