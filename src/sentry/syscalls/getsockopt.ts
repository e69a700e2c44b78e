// getsockopt(2), setsockopt(2) at SOL_SOCKET: man 7 socket. Other levels are the family's.

import {CAP_NET_ADMIN, CAP_NET_RAW, hasCapability} from '../../abi/capability.ts'
import {
  EACCES,
  EDOM,
  EINVAL,
  ENODATA,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  ERANGE,
  Errno,
} from '../../abi/errno.ts'
import * as abi from '../../abi/socket.ts'
import {decodeTimeval, encodeTimeval, fromNs, TIMEVAL_BYTES, toNs} from '../../abi/time.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Socket} from '../net/socket.ts'
import {openSocket} from '../net/socket-argument.ts'
import {MAX_BUFFER, MIN_RECEIVE_BUFFER, MIN_SEND_BUFFER, SWITCHES} from '../net/socket-options.ts'

const INT_MAX = 0x7fffffff
const NO_ID = 0xffffffff
/** Unprivileged callers choose up to this. */
const MAX_PRIORITY = 6
/** As much of an option as a family is given. */
const MAX_OWN_BYTES = 4096
const NEVER = Number.POSITIVE_INFINITY

export const setsockopt: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  const length = args.int32(4)
  if (length < 0) throw new Errno(EINVAL)
  const level = args.int32(1)
  const option = args.int32(2)
  if (socket.setOption !== undefined) {
    const value = task.memory.readBytes(args.address(3), Math.min(length, MAX_OWN_BYTES))
    if (socket.setOption(task, level, option, value)) return 0
  }
  if (level !== abi.SOL_SOCKET) throw new Errno(EOPNOTSUPP)
  if (length < 4) throw new Errno(EINVAL)
  setOption(task, socket, option, args.address(3), length)
  return 0
}

function setOption(task: Task, socket: Socket, option: number, address: number, length: number): void {
  const {options} = socket
  const value = task.memory.readInt32(address)
  if (SWITCHES.includes(option)) {
    if (option === abi.SO_DEBUG && value !== 0) requireCapability(task.credentials, CAP_NET_ADMIN, EACCES)
    options.turn(option, value !== 0)
    return
  }
  switch (option) {
    case abi.SO_REUSEPORT:
      if (value !== 0) throw new Errno(EOPNOTSUPP)
      return
    case abi.SO_SNDBUF:
    case abi.SO_SNDBUFFORCE:
      options.sendBuffer = bufferOf(task, value, MIN_SEND_BUFFER, option === abi.SO_SNDBUFFORCE)
      return
    case abi.SO_RCVBUF:
    case abi.SO_RCVBUFFORCE:
      options.receiveBuffer = bufferOf(task, value, MIN_RECEIVE_BUFFER, option === abi.SO_RCVBUFFORCE)
      return
    case abi.SO_PRIORITY:
      if (value < 0 || value > MAX_PRIORITY) requireNetwork(task)
      options.priority = value
      return
    case abi.SO_MARK:
      requireNetwork(task)
      options.mark = value
      return
    case abi.SO_LINGER:
      if (length < 8) throw new Errno(EINVAL)
      options.lingerSeconds = value === 0 ? undefined : task.memory.readInt32(address + 4)
      return
    case abi.SO_INCOMING_CPU:
      options.incomingCpu = value
      return
    case abi.SO_PASSCRED:
      checkReceivesCredentials(socket)
      options.passesCredentials = value !== 0
      return
    case abi.SO_RCVLOWAT:
      options.lowWater = value < 0 ? INT_MAX : value || 1
      return
    case abi.SO_RCVTIMEO:
      options.receiveTimeoutNs = readTimeout(task, address, length)
      return
    case abi.SO_SNDTIMEO:
      options.sendTimeoutNs = readTimeout(task, address, length)
      return
    default:
      throw new Errno(ENOPROTOOPT)
  }
}

/** sk_may_scm_recv in Linux, since 6.16. @throws Errno EOPNOTSUPP */
function checkReceivesCredentials({family: {number}}: Socket): void {
  if (number !== abi.AF_UNIX && number !== abi.AF_NETLINK) throw new Errno(EOPNOTSUPP)
}

/** Linux doubles it. @param isForced by a privileged caller: beyond the maximum. @throws Errno EPERM */
function bufferOf({credentials}: Task, wanted: number, least: number, isForced: boolean): number {
  if (isForced) requireCapability(credentials, CAP_NET_ADMIN)
  const allowed = isForced ? Math.min(Math.max(wanted, 0), INT_MAX >> 1) : Math.min(wanted >>> 0, MAX_BUFFER)
  return Math.max(least, allowed * 2)
}

/** A negative time means no waiting; zero means for ever. @throws Errno EINVAL, EDOM, EFAULT */
function readTimeout(task: Task, address: number, length: number): number {
  if (length < TIMEVAL_BYTES) throw new Errno(EINVAL)
  const time = decodeTimeval(task.memory.readBytes(address, TIMEVAL_BYTES))
  if (time.nanoseconds < 0 || time.nanoseconds >= 1e9) throw new Errno(EDOM)
  if (time.seconds < 0) return 0
  return toNs(time) || NEVER
}

/** Either of two capabilities is enough. @throws Errno EPERM */
function requireNetwork({credentials}: Task): void {
  if (!hasCapability(credentials.capabilities, CAP_NET_RAW)) requireCapability(credentials, CAP_NET_ADMIN)
}

export const getsockopt: Syscall = (task, args) => {
  const {memory} = task
  const {socket} = openSocket(task, args.int32(0))
  const option = args.int32(2)
  const [address, lengthAddress] = [args.address(3), args.address(4)]
  const level = args.int32(1)
  if (socket.getOption === undefined && level !== abi.SOL_SOCKET) throw new Errno(EOPNOTSUPP)
  const room = memory.readInt32(lengthAddress)
  const own = socket.getOption?.(task, level, option, room)
  if (own === undefined && level !== abi.SOL_SOCKET) throw new Errno(EOPNOTSUPP)
  if (own === undefined && room < 0) throw new Errno(EINVAL)
  const bytes = own ?? optionBytes(task, socket, option, room, lengthAddress)
  if (option === abi.SO_PEERNAME && bytes.length < room) throw new Errno(EINVAL)
  const length = Math.min(room >>> 0, bytes.length)
  memory.writeBytes(address, bytes.subarray(0, length))
  memory.writeInt32(lengthAddress, length)
  return 0
}

/** @throws Errno ENOPROTOOPT, ENOTCONN; ENODATA, ERANGE */
function optionBytes(
  task: Task,
  socket: Socket,
  option: number,
  room: number,
  lengthAddress: number,
): Uint8Array {
  const {options} = socket
  switch (option) {
    case abi.SO_LINGER:
      return int32s(options.lingerSeconds === undefined ? 0 : 1, options.lingerSeconds ?? 0)
    case abi.SO_RCVTIMEO:
      return timeoutBytes(options.receiveTimeoutNs)
    case abi.SO_SNDTIMEO:
      return timeoutBytes(options.sendTimeoutNs)
    case abi.SO_PEERCRED: {
      const {pid, uid, gid} = socket.peerCredentials ?? NOBODY
      return int32s(pid, uid, gid)
    }
    case abi.SO_BINDTODEVICE:
      // No other family has bound it to one.
      return new Uint8Array(0)
    case abi.SO_PEERGROUPS:
      return groupsFor(task, socket, room, lengthAddress)
    case abi.SO_PEERNAME: {
      const name = socket.peerName()
      if (name === undefined) throw new Errno(ENOTCONN)
      return name
    }
    default:
      return int32s(numberOf(socket, option))
  }
}

const NOBODY = {pid: 0, uid: NO_ID, gid: NO_ID}

const NUMBERS: Readonly<Record<number, (socket: Socket) => number>> = {
  [abi.SO_TYPE]: ({type}) => type,
  [abi.SO_DOMAIN]: ({family}) => family.number,
  [abi.SO_PROTOCOL]: ({protocol}) => protocol,
  [abi.SO_REUSEPORT]: () => 0,
  [abi.SO_ERROR]: (socket) => socket.takeError(),
  [abi.SO_ACCEPTCONN]: ({isListening}) => Number(isListening),
  [abi.SO_SNDBUF]: ({options}) => options.sendBuffer,
  [abi.SO_RCVBUF]: ({options}) => options.receiveBuffer,
  [abi.SO_PRIORITY]: ({options}) => options.priority,
  [abi.SO_MARK]: ({options}) => options.mark,
  [abi.SO_PASSCRED]: (socket) => {
    checkReceivesCredentials(socket)
    return Number(socket.options.passesCredentials)
  },
  [abi.SO_INCOMING_CPU]: ({options}) => options.incomingCpu,
  [abi.SO_RCVLOWAT]: ({options}) => options.lowWater,
  [abi.SO_SNDLOWAT]: () => 1,
}

/** @throws Errno ENOPROTOOPT */
function numberOf(socket: Socket, option: number): number {
  if (SWITCHES.includes(option)) return Number(socket.options.isOn(option))
  const read = NUMBERS[option]
  if (read === undefined) throw new Errno(ENOPROTOOPT)
  return read(socket)
}

/** Without room, stores the length that is needed. @throws Errno ENODATA, ERANGE */
function groupsFor(
  {memory}: Task,
  {peerCredentials}: Socket,
  room: number,
  lengthAddress: number,
): Uint8Array {
  const groups = peerCredentials?.groups
  if (groups === undefined) throw new Errno(ENODATA)
  const bytes = int32s(...groups)
  if (room < bytes.length) {
    memory.writeInt32(lengthAddress, bytes.length)
    throw new Errno(ERANGE)
  }
  return bytes
}

function timeoutBytes(ns: number): Uint8Array {
  return encodeTimeval(fromNs(ns === NEVER ? 0 : ns))
}

function int32s(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values.map((value) => value >>> 0)).buffer)
}
