// ptrace(2): what a program needs to stop another one's threads, to look at their registers and memory, and to let them go on.

import {NT_PRFPREG, NT_PRSTATUS} from '../../abi/elf.ts'
import {EINVAL, EIO, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_GETFPREGS,
  PTRACE_GETREGS,
  PTRACE_GETREGSET,
  PTRACE_GETSIGINFO,
  PTRACE_KILL,
  PTRACE_PEEKDATA,
  PTRACE_PEEKTEXT,
  PTRACE_SEIZE,
  PTRACE_TRACEME,
} from '../../abi/prctl.ts'
import {SIGINFO_BYTES} from '../../abi/siginfo.ts'
import {NSIG, SIGKILL} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readForced} from '../debug/forced-memory.ts'
import {stateOf} from '../debug/task-state.ts'
import {mayInspect} from '../task/may-inspect.ts'
import {Tracing} from '../task/tracing.ts'

const WORD_BYTES = 8

type TraceeStop = Tracing & {readonly stop: PendingSignal}
type Request = (task: Task, tracing: TraceeStop, args: Arguments) => void

/** Of a tracee that stands still. */
const REQUESTS: Readonly<Record<number, Request | undefined>> = {
  [PTRACE_PEEKTEXT]: peek,
  [PTRACE_PEEKDATA]: peek,
  [PTRACE_CONT]: (_task, tracing, args) => tracing.resume(signalOf(args)),
  [PTRACE_DETACH]: (_task, tracing, args) => tracing.end(signalOf(args)),
  [PTRACE_GETSIGINFO]: ({memory}, {stop}, args) => {
    const info = new Uint8Array(SIGINFO_BYTES)
    info.set(stop.info)
    memory.writeBytes(args.address(3), info)
  },
  [PTRACE_GETREGSET]: getRegisterSet,
  ...(arch.name === 'x86_64' && {
    [PTRACE_GETREGS]: getAll(NT_PRSTATUS),
    [PTRACE_GETFPREGS]: getAll(NT_PRFPREG),
  }),
}

export const ptrace: Syscall = (task, args) => {
  const request = args.int32(0)
  if (request === PTRACE_ATTACH) return attach(task, args.int32(1))
  if (request === PTRACE_TRACEME || request === PTRACE_SEIZE) throw refused(task, EPERM)
  const tracing = task.kernel.tasks.get(args.int32(1))?.tracing
  if (tracing?.tracer !== task) throw new Errno(ESRCH)
  if (request === PTRACE_KILL) {
    tracing.tracee.signals.raise(SIGKILL)
    return 0
  }
  if (!isStopped(tracing)) throw new Errno(ESRCH)
  const act = REQUESTS[request]
  if (act === undefined) throw refused(task, EIO)
  act(task, tracing, args)
  return 0
}

/** Debuggers end badly without it: a closing line says so. */
function refused({process, context}: Task, code: number): Errno {
  process.run.counters.countRefused(context.callNumber)
  return new Errno(code)
}

/** A debugger of hv's own has the tasks already. */
function attach(task: Task, tid: number): number {
  const {kernel} = task
  const tracee = kernel.tasks.get(tid)
  if (tracee === undefined) throw new Errno(ESRCH)
  const {process} = tracee
  const isFree = tracee.tracing === undefined && kernel.debugging === undefined
  if (process === task.process || process === kernel.init || !isFree || !mayInspect(task, process))
    throw new Errno(EPERM)
  Tracing.begin(tracee, task)
  return 0
}

const isStopped = (tracing: Tracing): tracing is TraceeStop => tracing.stop !== undefined

function signalOf(args: Arguments): number {
  const signal = args.raw(3)
  if (signal > BigInt(NSIG)) throw new Errno(EIO)
  return Number(signal)
}

function peek({memory}: Task, {tracee}: Tracing, args: Arguments): void {
  const word = readForced(tracee.process.memoryMap, args.address(2), WORD_BYTES)
  if (word.length < WORD_BYTES) throw new Errno(EIO)
  memory.writeBytes(args.address(3), word)
}

function getAll(type: number): Request {
  return ({memory}, {tracee}, args) => memory.writeBytes(args.address(3), registerSet(tracee, type))
}

/** `data` is a struct iovec: as much as it has room for, and its length becomes what it got. */
function getRegisterSet({memory}: Task, {tracee}: Tracing, args: Arguments): void {
  const set = registerSet(tracee, args.uint32(2))
  const vector = args.address(3)
  const length = Math.min(set.length, memory.readUint64(vector + WORD_BYTES))
  memory.writeBytes(memory.readUint64(vector), set.subarray(0, length))
  memory.writeUint64(vector + WORD_BYTES, length)
}

/** @param type NT_*. @throws Errno EINVAL when there is no such set */
function registerSet(tracee: Task, type: number): Uint8Array {
  const state = stateOf(tracee)
  if (type === NT_PRSTATUS) return arch.debug.coreRegisters(state.general)
  const note = arch.debug.coreNotes(state).find((each) => each.type === type)
  if (note === undefined) throw new Errno(EINVAL)
  return note.bytes
}
