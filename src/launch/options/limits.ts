// Options that limit a guest: memory, CPUs, tasks, descriptors, disk.

import {MOST_CPUS} from '../../machine/kernel/kernel-options.ts'
import {MAX_CPUS} from '../../platform/choice.ts'
import {MAX_OPEN_FILES} from '../../sentry/core/resource-limits.ts'
import {MAX_TASKS} from '../../sentry/task/pids.ts'
import {LEAST_DISK_BYTES} from '../../vfs/disk-quota.ts'
import {existingDisk} from './parse-devices.ts'
import {parseDiskSize} from './parse-values.ts'
import {count, each, FOR_PROGRAMS, FOR_SENTRY, type Rows, size} from './row.ts'

export interface LimitOptions {
  /** Guest memory in bytes, 1 MiB to 4 GiB, files in memory included; default 512 MiB. The host backs only what is touched. */
  memoryBytes?: number
  /** CPUs of the guest, 1 to 8. Default: as many as the host allows this process, at most 8. */
  cpus?: number
  /** How many processes and threads there may be at a time, 1 to 16,384; beyond that, fork(2) fails with EAGAIN. Default: 1,024. */
  maxTasks?: number
  /** How many descriptors each process may have, 1 to 1,048,576; beyond that, open(2) fails with EMFILE. Default: 1,024, which programs may raise. */
  maxOpenFiles?: number
  /**
   * How much of one CPU all programs together get, in percent, 1 to 800: 50 is half a CPU, 150 one and a half. In each tenth of a second
   * they run until they have used it up, and then wait for the next. Default: all of the CPUs.
   */
  cpuQuotaPercent?: number
  /**
   * Bytes that the files of all trees in memory may hold together (`/`, /tmp, /dev/shm and what a guest changes of `root` or `image`), 4096
   * or more; writing more fails with ENOSPC. The trees hold one inode for each 4096 bytes, and at least 1,024. Files in memory count
   * towards `memoryBytes`, and each tree holds half of that at most. Writable volumes are the host's and do not count. Default: as many as
   * the memory allows.
   */
  diskBytes?: number
  /**
   * Bytes of the host's TMPDIR that a compressed `root` or `image` may take unpacked, while the sandbox lives; one that takes more is a
   * BAD_ARGUMENT. Default: 8 GiB.
   */
  unpackBytes?: number
}

const UNCOUNTED = {
  message: 'the CPU time of a bare-metal guest is not counted',
  nextStep: 'leave `cpuTimeoutMs` and `cpuQuotaPercent` out',
}
/** For what counts CPU time. */
export const WITH_CPU_TIME = {...FOR_SENTRY, bare: UNCOUNTED}

/** @internal */
export const limitRows: Rows<LimitOptions> = {
  memoryBytes: {
    flag: '-m, --memory SIZE',
    summary: 'guest memory, e.g. 256M or 2G; default 512M',
    ...size('--memory', 1),
    // The sentry checks its size.
    schema: ({finiteNumber}) => finiteNumber,
  },
  cpus: {
    flag: '--cpus N',
    summary:
      'CPUs of the guest, 1 to 8 (with --kernel: 32); default: as many as hv itself may use; with --kernel: 1',
    ...count('CPUs', MAX_CPUS, '--cpus 2'),
    withKernel: {option: 'cpus', ...count('CPUs', MOST_CPUS, '--cpus 2')},
    unfit: {bare: {message: 'a bare-metal guest has one CPU', nextStep: 'leave `cpus` out'}},
  },
  maxTasks: {
    flag: '--pids N',
    summary: 'how many processes and threads the guest may have at a time; default 1024',
    ...count('processes', MAX_TASKS, '--pids 100'),
    unfit: FOR_SENTRY,
  },
  maxOpenFiles: {
    flag: '--open-files N',
    summary: 'how many descriptors each process may have; default 1024, which programs may raise',
    ...count('open files', MAX_OPEN_FILES, '--open-files 100'),
    unfit: FOR_SENTRY,
  },
  cpuQuotaPercent: {
    flag: '--cpu-quota PERCENT',
    summary: 'how much of one CPU the guest gets, e.g. 50 or 150; default: all of its CPUs',
    ...count('percent', 100 * MAX_CPUS, '--cpu-quota 50'),
    unfit: WITH_CPU_TIME,
  },
  diskBytes: {
    flag: '--disk SIZE|FILE[:ro][,iops=N][,bps=SIZE]',
    summary:
      "with --kernel: a raw image as a disk, and at most how many requests and bytes per second it takes, may be repeated; without: how much the guest's files in memory, its changes to / and /tmp, may hold, e.g. 64M; default: what --memory allows",
    ...size('--disk', LEAST_DISK_BYTES),
    // Only disks may be several.
    repeat: true,
    parse: parseDiskSize,
    withKernel: {option: 'disks', ...each(existingDisk)},
    unfit: FOR_SENTRY,
  },
  unpackBytes: {
    flag: '--unpack-limit SIZE',
    summary: "how much of this host's TMPDIR a compressed --root or --image may take unpacked; default: 8G",
    ...size('--unpack-limit', 1),
    unfit: FOR_PROGRAMS,
  },
}
