// send(2): sendto, sendmsg, sendmmsg.

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {ENOBUFS, Errno} from '../../abi/errno.ts'
import {MSGHDR} from '../../abi/socket.ts'
import {type Repetition, repeated} from '../call/repeat.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {UIO_MAXIOV} from '../memory/user-memory.ts'
import {readControl} from '../net/control-messages.ts'
import {checkMessageFlags, readHeader} from '../net/message-header.ts'
import {sendMessage, sendRange} from '../net/sending.ts'
import {type OpenSocket, openSocket, readAddress} from '../net/socket-argument.ts'
import {requirePeerPromise} from '../pledge/socket-promises.ts'

const INT_MAX = 0x7fffffff

export const sendto: Syscall = (task, args) => {
  const address = args.address(1)
  const length = Math.min(args.address(2), MAX_RW_COUNT)
  task.memory.check(address, length)
  const file = openSocket(task, args.int32(0))
  const nameAddress = args.address(4)
  const name = nameAddress === 0 ? undefined : readAddress(task, nameAddress, args.int32(5))
  const flags = args.uint32(3)
  const peer = name === undefined ? undefined : promisedName(task, file, name)
  if (peer === undefined) return sendRange(task, file, address, length, flags)
  return sendMessage(task, file, {ranges: [{address, length}], flags, name: peer})
}

export const sendmsg: Syscall = (task, args) => {
  const flags = args.uint32(2)
  checkMessageFlags(flags)
  return sendOne(task, openSocket(task, args.int32(0)), args.address(1), flags)
}

/** Sends as many as possible; only the first one's failure is the call's. */
export const sendmmsg: Syscall = (task, args) => {
  const flags = args.uint32(3)
  checkMessageFlags(flags)
  const file = openSocket(task, args.int32(0))
  const count = Math.min(args.uint32(2), UIO_MAXIOV)
  return sendSeveral(task, {count, done: 0, file, start: args.address(1), flags})
}

interface Sends extends Repetition {
  readonly file: OpenSocket
  readonly start: number
  readonly flags: number
}

const sendSeveral = repeated<Sends>('sendmmsg', {
  step: (task, {done, file, start, flags}) => {
    const address = start + done * MSGHDR.arrayBytes
    return sendOne(task, file, address, flags, address + MSGHDR.resultLength)
  },
})

function sendOne(
  task: Task,
  file: OpenSocket,
  headerAddress: number,
  flags: number,
  resultAddress?: number,
): number {
  const {name, nameLength, ranges, control, controlLength} = readHeader(task, headerAddress)
  if (controlLength > INT_MAX) throw new Errno(ENOBUFS)
  file.socket.checkSender?.()
  return sendMessage(task, file, {
    ranges,
    flags,
    name: nameLength === 0 ? undefined : promisedName(task, file, readAddress(task, name, nameLength)),
    control: readControl(task, file.socket, control, controlLength),
    resultAddress,
  })
}

/** @returns undefined: it is empty @throws BrokenPromise */
function promisedName(task: Task, {socket}: OpenSocket, address: Uint8Array): Uint8Array | undefined {
  if (address.length === 0) return undefined
  requirePeerPromise(task, socket.family, address)
  return address
}
