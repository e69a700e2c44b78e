// The options of SOL_SOCKET that only internet sockets have here: interfaces, time stamps, SO_REUSEPORT: socket(7).

import {CAP_NET_RAW} from '../../../abi/capability.ts'
import {EINVAL, ENODEV, Errno} from '../../../abi/errno.ts'
import {
  SO_BINDTODEVICE,
  SO_BINDTOIFINDEX,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
} from '../../../abi/socket.ts'
import {requireCapability} from '../../core/credentials.ts'
import type {Task} from '../../core/task.ts'
import {LO} from '../loopback.ts'
import {intBytes, intOf} from './options.ts'

/** IFNAMSIZ. */
const NAME_BYTES = 16
const LO_NAME = Buffer.from(`${LO.name}\0`)
const NOTHING = new Uint8Array(0)

/** A socket, as these options see it. */
interface Holder {
  boundInterface: number
  reusesPort: boolean
  tellsLost: boolean
  timestampOption: number
}

const TIMESTAMPS: readonly number[] = [SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW]

/** @returns false: it is an option of all families @throws Errno EINVAL, ENODEV, EPERM */
export function setInterfaceOption(socket: Holder, task: Task, option: number, value: Uint8Array): boolean {
  if (option === SO_BINDTODEVICE) bindToInterface(socket, task, indexOf(value))
  else if (option === SO_BINDTOIFINDEX) bindToInterface(socket, task, intOf(value))
  else if (option === SO_REUSEPORT) socket.reusesPort = intOf(value) !== 0
  else if (option === SO_RXQ_OVFL) socket.tellsLost = intOf(value) !== 0
  else if (TIMESTAMPS.includes(option)) socket.timestampOption = intOf(value) === 0 ? 0 : option
  else return false
  return true
}

/** Of an interface's name, which may lack its end. @throws Errno ENODEV */
function indexOf(value: Uint8Array): number {
  const [name] = Buffer.from(value.subarray(0, NAME_BYTES - 1))
    .toString('latin1')
    .split('\0', 1)
  if (name !== '' && name !== LO.name) throw new Errno(ENODEV)
  return name === '' ? 0 : LO.index
}

/** Who is bound to an interface needs a capability to change that. Linux takes any index. @throws Errno EPERM, EINVAL */
function bindToInterface(socket: Holder, {credentials}: Task, index: number): void {
  if (socket.boundInterface !== 0) requireCapability(credentials, CAP_NET_RAW)
  if (index < 0) throw new Errno(EINVAL)
  socket.boundInterface = index
}

/** @param room bytes that the caller has room for @returns undefined: it is an option of all families @throws Errno EINVAL */
export function interfaceOption(socket: Holder, option: number, room: number): Uint8Array | undefined {
  if (option === SO_BINDTODEVICE) {
    if (socket.boundInterface === 0) return NOTHING
    if (room < NAME_BYTES) throw new Errno(EINVAL)
    return LO_NAME
  }
  if (option === SO_BINDTOIFINDEX) return intBytes(socket.boundInterface)
  if (option === SO_REUSEPORT) return intBytes(Number(socket.reusesPort))
  if (option === SO_RXQ_OVFL) return intBytes(Number(socket.tellsLost))
  if (TIMESTAMPS.includes(option)) return intBytes(Number(socket.timestampOption === option))
  return undefined
}
