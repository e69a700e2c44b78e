// Calls in the vsyscall page: what the kernel does when a program's jump there faults.

import {EFAULT} from '../../abi/errno.ts'
import type {VsyscallPage} from '../../arch/architecture.ts'
import {arch} from '../../arch/index.ts'
import {FrameArguments} from '../core/frame-arguments.ts'
import {BLOCKED, REGISTERS_SET} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {forceSegv} from '../signals/deliver.ts'
import {forceFault} from '../signals/force.ts'
import {attempt} from './dispatch.ts'
import {filterCall} from './filter-call.ts'

/**
 * Makes the call if the task's program counter is in the page. A bad call ends in a signal there.
 * @returns whether it is in the page
 */
export function callVsyscall(task: Task, page: VsyscallPage): boolean {
  const {context} = task
  const registers = context.readRegisters()
  if (!page.holds(registers)) return false

  // A jump that is no call may have left anything there: it is untrusted.
  const returnAddress = unlessErrno(() => task.memory.readBigUint64(arch.stackPointer(registers)))
  const call = returnAddress === undefined ? undefined : page.callAt(registers)
  if (returnAddress === undefined || call === undefined) {
    forceSegv(task, 0)
    return true
  }
  if (call.fault !== undefined) {
    forceFault(task, call.fault)
    return true
  }
  const refused = task.seccomp === undefined ? undefined : filterCall(task, call.number, call.words)
  const run = task.process.handlers[call.number]!
  const result = refused ?? attempt(task, run, new FrameArguments(call.words), call.number)
  if (result === BLOCKED) return true
  if (result === -EFAULT && refused === undefined) forceSegv(task, 0)
  else page.leave(registers, returnAddress, result === REGISTERS_SET ? call.number : result)
  context.writeRegisters(registers)
  return true
}
