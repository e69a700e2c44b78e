// recv(2): recvfrom, recvmsg, recvmmsg.

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EAGAIN} from '../../abi/errno.ts'
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_TRUNC,
  MSG_WAITFORONE,
  MSGHDR,
} from '../../abi/socket.ts'
import {encodeTimespec, fromNs, toNs} from '../../abi/time.ts'
import {type Repetition, repeated} from '../call/repeat.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {UIO_MAXIOV} from '../memory/user-memory.ts'
import {ControlWriter} from '../net/control-messages.ts'
import {checkMessageFlags, type MessageHeader, readHeader} from '../net/message-header.ts'
import type {Reading} from '../net/receive.ts'
import {receiveMessage} from '../net/receive-message.ts'
import {openSocket, writeAddress} from '../net/socket-argument.ts'
import type {SocketFile} from '../net/socket-file.ts'
import {encodeAddress} from '../net/unix-address.ts'
import {readTimespec} from '../time/time-argument.ts'

const NOTHING = new Uint8Array(0)

export const recvfrom: Syscall = (task, args) => {
  const address = args.address(1)
  const length = Math.min(args.address(2), MAX_RW_COUNT)
  task.memory.check(address, length)
  const file = openSocket(task, args.int32(0))
  const nameAddress = args.address(4)
  const lengthAddress = args.address(5)
  return receiveMessage(task, file, [{address, length}], args.uint32(3), (reading) => {
    new ControlWriter(task, 0, 0).write(file.socket, reading)
    if (nameAddress !== 0) writeAddress(task, nameOf(reading), nameAddress, lengthAddress)
    return reading.result
  })
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
  const endNs = timeoutAddress === 0 ? undefined : endOf(task, timeoutAddress)
  const file = openSocket(task, args.int32(0))
  const count = Math.min(args.uint32(2), UIO_MAXIOV)
  return receiveSeveral(task, {count, done: 0, file, start: args.address(1), flags, timeoutAddress, endNs})
}

interface Receptions extends Repetition {
  readonly file: SocketFile
  readonly start: number
  readonly flags: number
  readonly timeoutAddress: number
  readonly endNs: number | undefined
}

const receiveSeveral = repeated<Receptions>('recvmmsg', {
  step: (task, {done, file, start, flags}) => {
    const waits = flags & MSG_WAITFORONE && done > 0 ? flags | MSG_DONTWAIT : flags
    const address = start + done * MSGHDR.arrayBytes
    return receiveOne(task, file, address, waits & ~MSG_WAITFORONE, MSGHDR.resultLength)
  },
  isOver: (task, {endNs}) => endNs !== undefined && task.kernel.monotonicNs() >= endNs,
  // The next call reports it.
  failed: ({file}, {code}) => {
    if (code !== EAGAIN) file.socket.error = code
  },
  finish: (task, {done, timeoutAddress, endNs}) => {
    if (endNs !== undefined && done > 0) writeTimeLeft(task, timeoutAddress, endNs)
  },
})

/** @param lengthOffset of mmsghdr's msg_len; undefined: there is none */
function receiveOne(
  task: Task,
  file: SocketFile,
  headerAddress: number,
  flags: number,
  lengthOffset?: number,
): number {
  const header = readHeader(task, headerAddress)
  return receiveMessage(task, file, header.ranges, flags, (reading) => {
    storeHeader(task, file, header, reading)
    if (lengthOffset !== undefined) task.memory.writeUint32(headerAddress + lengthOffset, reading.result)
    return reading.result
  })
}

function storeHeader(task: Task, file: SocketFile, header: MessageHeader, reading: Reading): void {
  const {memory} = task
  const {address, name, control, controlLength} = header
  const writer = new ControlWriter(task, control, controlLength)
  const hasControl = control !== 0
  const asks = file.socket.options.passesCredentials || reading.rights !== undefined
  writer.write(file.socket, reading)
  if (name !== 0) writeAddress(task, nameOf(reading), name, address + MSGHDR.nameLength)
  let flags = (reading.flags & MSG_CMSG_CLOEXEC) | writer.flags
  if (!hasControl && asks) flags |= MSG_CTRUNC
  if (reading.isTruncated) flags |= MSG_TRUNC
  memory.writeUint32(address + MSGHDR.flags, flags)
  memory.writeUint64(address + MSGHDR.controlLength, writer.used)
}

/** A sender without a name sends none. */
function nameOf({from}: Reading): Uint8Array {
  return from?.address === undefined ? NOTHING : encodeAddress(from.address)
}

function endOf(task: Task, address: number): number {
  return task.kernel.monotonicNs() + toNs(readTimespec(task, address))
}

function writeTimeLeft({memory, kernel}: Task, address: number, endNs: number): void {
  memory.writeBytes(address, encodeTimespec(fromNs(Math.max(0, endNs - kernel.monotonicNs()))))
}
