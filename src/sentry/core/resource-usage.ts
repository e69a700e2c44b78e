// ResourceUsage: what getrusage(2) tells of a process, and the sum of those that have ended.

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
