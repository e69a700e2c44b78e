// ResourceUsage: what getrusage(2) tells of a process, and the sum of those that have ended.

import {encodeTimeval, fromNs} from '../../abi/time.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

export interface ResourceUsage {
  /** User and system time. */
  readonly cpuNs: number
  readonly systemNs: number
  /** The most that was resident at a time: of several processes, the largest one's. */
  readonly peakBytes: number
  readonly minorFaults: number
}

export const NO_USAGE: ResourceUsage = {cpuNs: 0, systemNs: 0, peakBytes: 0, minorFaults: 0}

export function joinUsage(a: ResourceUsage, b: ResourceUsage): ResourceUsage {
  return {
    cpuNs: a.cpuNs + b.cpuNs,
    systemNs: a.systemNs + b.systemNs,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
    minorFaults: a.minorFaults + b.minorFaults,
  }
}

// struct rusage.
const RUSAGE_BYTES = 144
const STIME = 16
const MAXRSS = 32
const MINFLT = 64
const KIBIBYTE = 1024

export function encodeUsage({cpuNs, systemNs, peakBytes, minorFaults}: ResourceUsage): Uint8Array {
  const bytes = new Uint8Array(RUSAGE_BYTES)
  const view = new DataView(bytes.buffer)
  encodeTimeval(fromNs(cpuNs - systemNs), bytes)
  encodeTimeval(fromNs(systemNs), bytes.subarray(STIME))
  view.setBigInt64(MAXRSS, BigInt(Math.floor(peakBytes / KIBIBYTE)), true)
  view.setBigInt64(MINFLT, BigInt(minorFaults), true)
  return bytes
}

/** For wait4(2): a child's own usage and its children's; the child may only have stopped. */
export function usageOfChild({kernel}: Task, child: Process): Uint8Array {
  return encodeUsage(joinUsage(child.usage.total(kernel.monotonicNs()), child.usage.ofChildren))
}
