// times(2), getrusage(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {encodeTimeval, fromNs, NS_PER_TICK} from '../../abi/time.ts'
import type {Process} from '../core/process.ts'
import {joinUsage, type ResourceUsage} from '../core/resource-usage.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

export const times: Syscall = (task, args) => {
  const address = args.address(0)
  const {kernel, process} = task
  if (address !== 0) {
    const words = [process.usage(kernel.monotonicNs()), process.childrenUsage].flatMap(ticksOf)
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
const RUSAGE_BYTES = 144
const STIME = 16
const MAXRSS = 32
const MINFLT = 64
const KIBIBYTE = 1024

export const getrusage: Syscall = (task, args) => {
  task.memory.writeBytes(args.address(1), encode(usageOf(task, args.int32(0))))
  return 0
}

function usageOf(task: Task, who: number): ResourceUsage {
  const {kernel, process} = task
  switch (who) {
    case RUSAGE_SELF:
      return process.usage(kernel.monotonicNs())
    case RUSAGE_CHILDREN:
      return process.childrenUsage
    case RUSAGE_THREAD: {
      // Faults are counted for the process's memory.
      const nowNs = kernel.monotonicNs()
      const cpuNs = task.cpuTimeNs(nowNs)
      return {...process.usage(nowNs), cpuNs, systemNs: task.systemTime.of(cpuNs)}
    }
    default:
      throw new Errno(EINVAL)
  }
}

/** For wait4(2): a child's own usage and its children's; the child may only have stopped. */
export function usageOfChild({kernel}: Task, child: Process): Uint8Array {
  return encode(joinUsage(child.usage(kernel.monotonicNs()), child.childrenUsage))
}

/** struct rusage. */
function encode({cpuNs, systemNs, peakBytes, minorFaults}: ResourceUsage): Uint8Array {
  const bytes = new Uint8Array(RUSAGE_BYTES)
  const view = new DataView(bytes.buffer)
  encodeTimeval(fromNs(cpuNs - systemNs), bytes)
  encodeTimeval(fromNs(systemNs), bytes.subarray(STIME))
  view.setBigInt64(MAXRSS, BigInt(Math.floor(peakBytes / KIBIBYTE)), true)
  view.setBigInt64(MINFLT, BigInt(minorFaults), true)
  return bytes
}
