// Asks a task's seccomp(2) filters about a call, and does what they say: __secure_computing of Linux's kernel/seccomp.c.

import {ENOSYS} from '../../abi/errno.ts'
import * as abi from '../../abi/seccomp.ts'
import {seccompInfo} from '../../abi/siginfo.ts'
import {SIGKILL, SIGSYS} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {BLOCKED, REGISTERS_SET} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {actionOf, isAllowing, type SeccompFilter} from '../seccomp/filter.ts'
import {forceSignal} from '../signals/force.ts'
import {DEFAULT_ACTION} from '../signals/signal-handlers.ts'
import {endTask} from '../task/exit.ts'

const STRICT_CALLS = ['read', 'write', 'exit', 'rt_sigreturn']
/** struct seccomp_data. */
const data = new Int32Array(abi.SECCOMP_DATA_BYTES / Int32Array.BYTES_PER_ELEMENT)
/** The largest errno. */
const MAX_ERRNO = 4095
const NUMBER = 0
const ARCHITECTURE = 1
const ADDRESS = 2
const ARGUMENTS = 4

/**
 * Precondition: `task.seccomp` is set.
 * @param words as Context.argumentWords
 * @returns undefined: the call is to be made. Otherwise the result, as a handler returns it
 */
export function filterCall(task: Task, callNumber: number, words: Int32Array): number | undefined {
  const {seccomp} = task
  if (seccomp === 'strict') return filterStrictly(task, callNumber)
  data[NUMBER] = callNumber
  data[ARCHITECTURE] = arch.kernelAbi.auditArch
  if (seccomp!.allowsAlways(callNumber, data)) return undefined
  data.set(words, ARGUMENTS)
  return act(task, callNumber, decide(task, seccomp!))
}

function decide({context, process}: Task, filter: SeccompFilter): number {
  if (filter.readsAddress) {
    const registers = context.readRegisters().slice()
    process.space.callPatches?.leaveTrampoline(registers)
    new BigUint64Array(data.buffer)[ADDRESS / 2] = arch.rawProgramCounter(registers)
  }
  return filter.decide(data)
}

function act(task: Task, callNumber: number, result: number): number | undefined {
  if (isAllowing(result)) return undefined
  const reason = result & abi.SECCOMP_RET_DATA
  switch (actionOf(result)) {
    case abi.SECCOMP_RET_ERRNO:
      return 0 - Math.min(reason, MAX_ERRNO)
    case abi.SECCOMP_RET_TRAP:
      raise(task, callNumber, reason)
      return REGISTERS_SET
    // Nobody traces the task for them, or listens.
    case abi.SECCOMP_RET_TRACE:
    case abi.SECCOMP_RET_USER_NOTIF:
      return -ENOSYS
    case abi.SECCOMP_RET_KILL_THREAD:
      if (task.process.tasks.length > 1) {
        endTask(task, SIGSYS)
        return BLOCKED
      }
  }
  task.signals.process.setAction(SIGSYS, DEFAULT_ACTION)
  raise(task, callNumber, reason)
  return REGISTERS_SET
}

/** The call was not made; the handler sees the registers with which it began. */
function raise(task: Task, number: number, reason: number): void {
  const {context, process} = task
  const registers = context.readRegisters()
  process.space.callPatches?.leaveTrampoline(registers)
  const address = arch.rawProgramCounter(registers)
  arch.undoCall(registers, number, task.arguments.raw(0))
  context.writeRegisters(registers)
  forceSignal(task, SIGSYS, seccompInfo({address, number, reason, auditArch: arch.kernelAbi.auditArch}))
}

/** SECCOMP_MODE_STRICT. */
function filterStrictly(task: Task, callNumber: number): number | undefined {
  const {kernel, process} = task
  const name = process.syscalls.row(callNumber)?.name
  if (name !== undefined && STRICT_CALLS.includes(name)) return undefined
  if (process.tasks.length > 1) endTask(task, SIGKILL)
  else kernel.endProcess(process, undefined, SIGKILL)
  return BLOCKED
}
