// prctl(2).

import {CAP_SYS_RESOURCE} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import * as abi from '../../abi/prctl.ts'
import {NSIG} from '../../abi/signal.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {
  ambient,
  dropFromBoundingSet,
  getKeepCaps,
  getSecurebits,
  readBoundingSet,
  setKeepCaps,
  setSecurebits,
} from '../task/capability-options.ts'
import {getSeccomp, setSeccomp} from '../task/seccomp-options.ts'

const NAME_BYTES = 16

type Option = (task: Task, args: Arguments) => number

// Missing options are EINVAL, as in a kernel built without them.
const options: Readonly<Record<number, Option | undefined>> = {
  [abi.PR_SET_NAME]: setName,
  [abi.PR_GET_NAME]: getName,
  [abi.PR_SET_DUMPABLE]: ({process}, args) =>
    set(() => (process.attributes.isDumpable = oneOf(args.address(1), 0, 1) === 1)),
  [abi.PR_GET_DUMPABLE]: ({process}) => Number(process.attributes.isDumpable),
  [abi.PR_SET_KEEPCAPS]: setKeepCaps,
  [abi.PR_GET_KEEPCAPS]: getKeepCaps,
  [abi.PR_SET_PDEATHSIG]: ({process}, args) =>
    set(() => (process.family.parentDeathSignal = atMost(args.address(1), NSIG))),
  [abi.PR_GET_PDEATHSIG]: (task, args) => store(task, args.address(1), task.process.family.parentDeathSignal),
  [abi.PR_SET_CHILD_SUBREAPER]: ({process}, args) =>
    set(() => (process.family.isSubreaper = args.address(1) !== 0)),
  [abi.PR_GET_CHILD_SUBREAPER]: (task, args) =>
    store(task, args.address(1), Number(task.process.family.isSubreaper)),
  [abi.PR_SET_NO_NEW_PRIVS]: setNoNewPrivs,
  [abi.PR_GET_NO_NEW_PRIVS]: alone(({process}) => Number(process.attributes.hasNoNewPrivileges)),
  [abi.PR_SET_THP_DISABLE]: setThpDisable,
  [abi.PR_GET_THP_DISABLE]: alone(({process}) => Number(process.attributes.disablesHugePages)),
  [abi.PR_SET_TIMERSLACK]: setTimerslack,
  [abi.PR_GET_TIMERSLACK]: ({scheduling}) => scheduling.timerSlackNs,
  [abi.PR_SET_TIMING]: (_, args) => oneOf(args.address(1), 0),
  [abi.PR_GET_TIMING]: () => 0,
  [abi.PR_GET_SECCOMP]: getSeccomp,
  [abi.PR_SET_SECCOMP]: setSeccomp,
  [abi.PR_GET_SECUREBITS]: getSecurebits,
  [abi.PR_SET_SECUREBITS]: setSecurebits,
  [abi.PR_CAPBSET_READ]: readBoundingSet,
  [abi.PR_CAPBSET_DROP]: dropFromBoundingSet,
  [abi.PR_CAP_AMBIENT]: ambient,
  // There are no event counters, and no failing memory.
  [abi.PR_TASK_PERF_EVENTS_DISABLE]: () => 0,
  [abi.PR_TASK_PERF_EVENTS_ENABLE]: () => 0,
  [abi.PR_MCE_KILL_GET]: alone(() => abi.PR_MCE_KILL_DEFAULT),
  [abi.PR_SET_IO_FLUSHER]: setIoFlusher,
  [abi.PR_GET_IO_FLUSHER]: getIoFlusher,
  [abi.PR_GET_AUXV]: getAuxv,
  [abi.PR_GET_TID_ADDRESS]: getTidAddress,
}

export const prctl: Syscall = (task, args) => {
  const option = options[args.int32(0)]
  if (option === undefined) throw new Errno(EINVAL)
  return option(task, args)
}

function setName(task: Task, args: Arguments): number {
  // strncpy_from_user: a name that ends before an inaccessible page is allowed.
  const address = args.address(1)
  let name = ''
  while (name.length < NAME_BYTES - 1) {
    const byte = task.memory.readUint8(address + name.length)
    if (byte === 0) break
    name += String.fromCharCode(byte)
  }
  task.name = name
  return 0
}

function getName(task: Task, args: Arguments): number {
  const bytes = new Uint8Array(NAME_BYTES)
  bytes.set(Buffer.from(task.name, 'latin1').subarray(0, NAME_BYTES - 1))
  task.memory.writeBytes(args.address(1), bytes)
  return 0
}

function setNoNewPrivs(task: Task, args: Arguments): number {
  oneOf(args.address(1), 1)
  requireZeros(args, 2)
  task.process.attributes.hasNoNewPrivileges = true
  return 0
}

function setThpDisable({process}: Task, args: Arguments): number {
  requireZeros(args, 2)
  process.attributes.disablesHugePages = args.address(1) !== 0
  return 0
}

function setTimerslack({scheduling}: Task, args: Arguments): number {
  // An unsigned long: only 0 asks for the default, which is what the creator of the thread had.
  scheduling.timerSlackNs = args.int64(1) || scheduling.defaultTimerSlackNs
  return 0
}

function getTidAddress(task: Task, args: Arguments): number {
  task.memory.writeUint64(args.address(1), task.clearChildTid)
  return 0
}

function setIoFlusher(task: Task, args: Arguments): number {
  requireCapability(task.credentials, CAP_SYS_RESOURCE)
  requireZeros(args, 2)
  task.scheduling.isIoFlusher = oneOf(args.address(1), 0, 1) === 1
  return 0
}

function getIoFlusher(task: Task, args: Arguments): number {
  requireCapability(task.credentials, CAP_SYS_RESOURCE)
  requireZeros(args, 1)
  return Number(task.scheduling.isIoFlusher)
}

/** @returns how many bytes there are, whatever the room */
function getAuxv(task: Task, args: Arguments): number {
  requireZeros(args, 3)
  const {auxv} = task.process.program
  task.memory.writeBytes(args.address(1), auxv.subarray(0, args.address(2)))
  return auxv.length
}

/** All other arguments must be 0. */
function alone(get: (task: Task) => number): Option {
  return (task, args) => {
    requireZeros(args, 1)
    return get(task)
  }
}

function set(assign: () => void): number {
  assign()
  return 0
}

function store(task: Task, address: number, value: number): number {
  task.memory.writeInt32(address, value)
  return 0
}

function oneOf(value: number, ...allowed: number[]): number {
  if (!allowed.includes(value)) throw new Errno(EINVAL)
  return value
}

function atMost(value: number, most: number): number {
  if (value > most) throw new Errno(EINVAL)
  return value
}

function requireZeros(args: Arguments, first: number): void {
  for (let index = first; index < 5; index++) oneOf(args.address(index), 0)
}
