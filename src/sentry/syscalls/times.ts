// times(2), getrusage(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {encodeTimeval, fromNs, NS_PER_TICK} from '../../abi/time.ts'
import type {Process} from '../process.ts'
import type {Task} from '../task.ts'
import type {Syscall} from './syscall.ts'

/** CPU time is the time on a CPU and in the sentry: all of it counts as user time. */
export const times: Syscall = (task, args) => {
  const address = args.address(0)
  const {kernel, process} = task
  if (address !== 0) {
    const ticks = (ns: number) => BigInt(Math.floor(ns / NS_PER_TICK))
    const words = [ticks(kernel.cpuTimeNs(process)), 0n, ticks(process.childrenCpuNs), 0n]
    task.memory.writeBytes(address, new Uint8Array(BigInt64Array.from(words).buffer))
  }
  return Math.floor((kernel.monotonicNs() - kernel.boot.monotonicNs) / NS_PER_TICK)
}

const RUSAGE_SELF = 0
const RUSAGE_CHILDREN = -1
const RUSAGE_THREAD = 1
const RUSAGE_BYTES = 144
const MAXRSS = 32
const KIBIBYTE = 1024

export const getrusage: Syscall = (task, args) => {
  task.memory.writeBytes(args.address(1), usageOf(task, args.int32(0)))
  return 0
}

function usageOf(task: Task, who: number): Uint8Array {
  const {kernel, process} = task
  switch (who) {
    case RUSAGE_SELF:
      return usage(kernel.cpuTimeNs(process), process.residentBytes)
    case RUSAGE_CHILDREN:
      return usage(process.childrenCpuNs, 0)
    case RUSAGE_THREAD:
      return usage(task.cpuTimeNs(kernel.monotonicNs()), process.residentBytes)
    default:
      throw new Errno(EINVAL)
  }
}

/** For wait4(2): a child's own usage and its children's; the child may only have stopped. */
export function usageOfChild({kernel}: Task, child: Process): Uint8Array {
  const cpuNs = child.cpuTimeNs(kernel.monotonicNs())
  return usage(cpuNs + child.childrenCpuNs, child.residentBytes)
}

function usage(cpuNs: number, residentBytes: number): Uint8Array {
  const bytes = new Uint8Array(RUSAGE_BYTES)
  encodeTimeval(fromNs(cpuNs), bytes)
  new DataView(bytes.buffer).setBigInt64(MAXRSS, BigInt(Math.floor(residentBytes / KIBIBYTE)), true)
  return bytes
}
