// Kinds of struct msghdr: sendmsg(2), recvmsg(2) and the like.

import {MSGHDR} from '../../../abi/socket.ts'
import type {Kinds} from '../kind.ts'
import {messageFlags} from '../names/sockets.ts'
import {showControl} from '../text/control-messages.ts'
import {showAddress} from '../text/sockaddr.ts'
import {orPointer, showArray} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'
import {iovecsAt} from './text.ts'

export const messages = {
  msghdr: {
    enter: (call, index) =>
      call.follow(index, (address) => showHeader(call, address, Number.POSITIVE_INFINITY)),
  },
  /** The one that the call fills: a name's length is shown before and after. */
  msghdr_out: {
    enter(call, index) {
      call.follow(index, (address, memory) => {
        call.notes.set(index, memory.readInt32(address + MSGHDR.nameLength))
        return ''
      })
      return undefined
    },
    leave: (call, index, result) =>
      call.follow(index, (address) => showHeader(call, address, result, call.notes.get(index))),
    failed: showFailed,
  },
  /** struct mmsghdr[]: the result counts them. */
  mmsghdrs: {leave: (call, index, result) => showHeaders(call, index, result, Number.POSITIVE_INFINITY)},
  mmsghdrs_out: {leave: (call, index, result) => showHeaders(call, index, result, undefined)},
} satisfies Kinds

function showFailed(call: TracedCall, index: number): string {
  const before = call.notes.get(index)
  return before === undefined ? call.pointer(index) : `{msg_namelen=${before}}`
}

/** @param total bytes of all buffers; undefined: each message's msg_len */
function showHeaders(call: TracedCall, index: number, count: number, total: number | undefined): string {
  return call.follow(index, (start, memory) =>
    showArray(start, MSGHDR.arrayBytes, count, call.limit, (address) => {
      const length = memory.readUint32(address + MSGHDR.resultLength)
      return `{msg_hdr=${showHeader(call, address, total ?? length)}, msg_len=${length}}`
    }),
  )
}

/**
 * @param total how many bytes of all buffers together are shown
 * @param nameLength what msg_namelen was
 * @throws Errno EFAULT
 */
function showHeader(call: TracedCall, address: number, total: number, nameLength?: number): string {
  const {memory} = call
  const name = memory.readUint64(address + MSGHDR.name)
  const length = memory.readInt32(address + MSGHDR.nameLength)
  const change = nameLength === undefined || nameLength === length ? '' : `${nameLength} => `
  const iov = memory.readUint64(address + MSGHDR.iov)
  const iovLength = memory.readUint64(address + MSGHDR.iovLength)
  const parts = [
    `msg_name=${orPointer(name, () => showAddress(memory, name, length))}`,
    `msg_namelen=${change}${length}`,
    `msg_iov=${orPointer(iov, () => iovecsAt(call, iov, iovLength, total))}`,
    `msg_iovlen=${iovLength}`,
    ...controlParts(call, address),
    `msg_flags=${messageFlags(memory.readInt32(address + MSGHDR.flags))}`,
  ]
  return `{${parts.join(', ')}}`
}

function controlParts(call: TracedCall, address: number): string[] {
  const {memory} = call
  const control = memory.readUint64(address + MSGHDR.control)
  const length = memory.readUint64(address + MSGHDR.controlLength)
  const text = `msg_controllen=${length}`
  if (control === 0 || length === 0) return [text]
  return [`msg_control=${orPointer(control, () => showControl(call, control, length))}`, text]
}
