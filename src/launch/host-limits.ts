// hostLimits: those of a guest's limits that the host can enforce, too.

import type {HostLimits} from '../jail/cgroup.ts'
import {DEFAULT_MEMORY_BYTES, MAX_CPUS} from '../platform/choice.ts'
import {DEFAULT_MAX_TASKS} from '../sentry/task/pids.ts'

export function hostLimits({
  memoryBytes = DEFAULT_MEMORY_BYTES,
  maxTasks = DEFAULT_MAX_TASKS,
  cpus = MAX_CPUS,
  cpuQuotaPercent,
}: Partial<HostLimits>): HostLimits {
  return {memoryBytes, maxTasks, cpus, cpuQuotaPercent}
}
