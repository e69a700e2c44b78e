// times(2), getrusage(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {NS_PER_TICK} from '../../abi/time.ts'
import {encodeUsage, type ResourceUsage} from '../core/resource-usage.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

export const times: Syscall = (task, args) => {
  const address = args.address(0)
  const {kernel, process} = task
  if (address !== 0) {
    const words = [process.usage.total(kernel.monotonicNs()), process.usage.ofChildren].flatMap(ticksOf)
    task.memory.writeBytes(address, new Uint8Array(BigInt64Array.from(words).buffer))
  }
  return Math.floor((kernel.monotonicNs() - kernel.boot.monotonicNs) / NS_PER_TICK)
}

/** User and system time. */
function ticksOf({cpuNs, systemNs}: ResourceUsage): bigint[] {
  return [cpuNs - systemNs, systemNs].map((ns) => BigInt(Math.floor(ns / NS_PER_TICK)))
}

const RUSAGE_SELF = 0
const RUSAGE_CHILDREN = -1
const RUSAGE_THREAD = 1

export const getrusage: Syscall = (task, args) => {
  task.memory.writeBytes(args.address(1), encodeUsage(usageOf(task, args.int32(0))))
  return 0
}

function usageOf(task: Task, who: number): ResourceUsage {
  const {kernel, process} = task
  switch (who) {
    case RUSAGE_SELF:
      return process.usage.total(kernel.monotonicNs())
    case RUSAGE_CHILDREN:
      return process.usage.ofChildren
    case RUSAGE_THREAD: {
      // Faults are counted for the process's memory.
      const nowNs = kernel.monotonicNs()
      const cpuNs = task.cpuTimeNs(nowNs)
      return {...process.usage.total(nowNs), cpuNs, systemNs: task.systemTime.of(cpuNs)}
    }
    default:
      throw new Errno(EINVAL)
  }
}
