// recv(2): recvfrom, recvmsg, recvmmsg.

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EAGAIN, Errno} from '../../abi/errno.ts'
import {MSG_DONTWAIT, MSG_ERRQUEUE, MSG_WAITFORONE, MSGHDR} from '../../abi/socket.ts'
import {encodeTimespec, fromNs} from '../../abi/time.ts'
import {type Repetition, repeated} from '../call/repeat.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {UIO_MAXIOV} from '../memory/user-memory.ts'
import {checkMessageFlags, readHeader} from '../net/message-header.ts'
import {receiveMessage, receiveRange} from '../net/receive-message.ts'
import {type OpenSocket, openSocket} from '../net/socket-argument.ts'
import {readEndNs} from '../time/time-argument.ts'

export const recvfrom: Syscall = (task, args) => {
  const address = args.address(1)
  const length = Math.min(args.address(2), MAX_RW_COUNT)
  task.memory.check(address, length)
  const file = openSocket(task, args.int32(0))
  const nameAddress = args.address(4)
  if (nameAddress === 0) return receiveRange(task, file, address, length, args.uint32(3))
  const nameLengthAddress = args.address(5)
  return receiveMessage(task, file, [{address, length}], args.uint32(3), {nameAddress, nameLengthAddress})
}

export const recvmsg: Syscall = (task, args) => {
  const flags = args.uint32(2)
  checkMessageFlags(flags)
  return receiveOne(task, openSocket(task, args.int32(0)), args.address(1), flags)
}

/** The time-out is checked after each message: it ends no wait (man 2 recvmmsg, "Bugs"). */
export const recvmmsg: Syscall = (task, args) => {
  const flags = args.uint32(3)
  checkMessageFlags(flags)
  const timeoutAddress = args.address(4)
  const endNs = readEndNs(task, timeoutAddress)
  const file = openSocket(task, args.int32(0))
  const error = flags & MSG_ERRQUEUE ? 0 : file.socket.takeError()
  if (error !== 0) throw new Errno(error)
  const count = Math.min(args.uint32(2), UIO_MAXIOV)
  return receiveSeveral(task, {count, done: 0, file, start: args.address(1), flags, timeoutAddress, endNs})
}

interface Receptions extends Repetition {
  readonly file: OpenSocket
  readonly start: number
  readonly flags: number
  readonly timeoutAddress: number
  readonly endNs: number
}

const receiveSeveral = repeated<Receptions>('recvmmsg', {
  step: (task, {done, file, start, flags}) => {
    const waits = flags & MSG_WAITFORONE && done > 0 ? flags | MSG_DONTWAIT : flags
    const address = start + done * MSGHDR.arrayBytes
    return receiveOne(task, file, address, waits & ~MSG_WAITFORONE, address + MSGHDR.resultLength)
  },
  isOver: ({kernel}, {timeoutAddress, endNs}) => timeoutAddress !== 0 && kernel.monotonicNs() >= endNs,
  // The next call reports it.
  failed: ({file}, {code}) => {
    if (code !== EAGAIN) file.socket.error = code
  },
  finish: ({kernel, memory}, {done, timeoutAddress, endNs}) => {
    if (timeoutAddress === 0 || done === 0) return
    memory.writeBytes(timeoutAddress, encodeTimespec(fromNs(Math.max(0, endNs - kernel.monotonicNs()))))
  },
})

/** @param resultAddress of mmsghdr's msg_len; undefined: there is none */
function receiveOne(
  task: Task,
  file: OpenSocket,
  headerAddress: number,
  flags: number,
  resultAddress?: number,
): number {
  const header = readHeader(task, headerAddress)
  const nameLengthAddress = headerAddress + MSGHDR.nameLength
  const receipt = {nameAddress: header.name, nameLengthAddress, header, resultAddress}
  return receiveMessage(task, file, header.ranges, flags, receipt)
}
