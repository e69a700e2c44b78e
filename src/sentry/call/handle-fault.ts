// Handles a fault of a program: its memory map mends it, or it becomes a signal.

import {arch} from '../../arch/index.ts'
import type {Task} from '../core/task.ts'
import {OUT_OF_MEMORY} from '../memory/fault-signal.ts'
import {forceFault} from '../signals/force.ts'
import {killHungrier} from '../task/oom.ts'
import {callVsyscall} from './vsyscall.ts'

/** @returns true: the task runs on, if need be to its signal */
export function handleFault(task: Task): boolean {
  const {context, kernel} = task
  const {memoryMap, run} = task.process
  kernel.current = task
  kernel.faults++
  run.counters.faults++
  const {address, access, isPageFault} = context.fault
  if (isPageFault && memoryMap.handleFault(address, access) === true) {
    kernel.debugging?.touched(task, address)
    return true
  }
  if (arch.vsyscall !== undefined && callVsyscall(task, arch.vsyscall)) return task.process.exit === undefined

  const fault = context.exactFault()
  const mended = fault.isPageFault ? memoryMap.handleFault(fault.address, fault.access) : undefined
  if (mended === OUT_OF_MEMORY && killHungrier(kernel, task.process)) return true
  if (mended === true) {
    kernel.debugging?.touched(task, fault.address)
    return true
  }
  if (kernel.debugging?.takesFault(task, fault)) return true
  if (!leaveTrampoline(task)) forceFault(task, {...fault, ...mended})
  return true
}

/** A program that single-steps, or has another GS base than CallPatches rely on, continues at its unpatched site. */
function leaveTrampoline({context, process}: Task): boolean {
  const {callPatches} = process.space
  if (callPatches === undefined) return false
  const registers = context.readRegisters()
  if (!callPatches.leaveTrampoline(registers)) return false
  callPatches.stop()
  context.writeRegisters(registers)
  return true
}
