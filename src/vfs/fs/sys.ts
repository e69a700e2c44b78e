// sysfs: the parts of /sys that programs read: the guest's CPUs, its one memory node, its network interfaces, and that there are no huge pages.

import type {Budget} from '../budget.ts'
import {NO_CLOCK} from '../clock.ts'
import type {ByteString} from '../file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from '../file-system.ts'
import {cpuList, firstCpus} from './cpu-list.ts'
import {
  type Contents,
  type Entries,
  type Entry,
  fixedContents,
  ProcDirectory,
  subdirectory,
} from './proc-nodes.ts'
import {constant, text} from './proc-text.ts'
import {type NetworkInterface, netClass, netDevices} from './sys-net.ts'

const SYSFS_MAGIC = 0x62656572
const KB = 1024

export interface SysSource {
  readonly cpuCount: number
  memory(): {totalBytes: number; freeBytes: number}
}

/** Each CPU is a core with one thread in the only package, as in /proc/cpuinfo. */
export class Sysfs implements FileSystem {
  readonly type = 'sysfs'
  readonly readOnly = true
  dev = 0
  clock = NO_CLOCK
  readonly root: ProcDirectory
  readonly budget: Budget | undefined

  /** @param source asked at the first lookup; @param budget counts texts that are being read */
  constructor(source: SysSource, interfaces: readonly NetworkInterface[], budget?: Budget) {
    this.budget = budget
    let made: Contents | undefined
    const contents = (): Contents => {
      made ??= fixedContents(rootEntries(source, interfaces))
      return made
    }
    this.root = new ProcDirectory(
      {
        names: () => contents().names(),
        find: (name) => contents().find(name),
      },
      this,
      undefined,
      '',
    )
  }

  statfs(): FileSystemStatistics {
    return emptyStatistics(SYSFS_MAGIC)
  }

  dispose(): void {}
}

function rootEntries(source: SysSource, interfaces: readonly NetworkInterface[]): Entries {
  return {
    class: subdirectory({net: netClass(interfaces)}),
    devices: subdirectory({
      virtual: subdirectory({net: netDevices(interfaces)}),
      system: subdirectory({cpu: cpuDirectory(source.cpuCount), node: nodeDirectory(source)}),
    }),
    fs: subdirectory({}),
    kernel: subdirectory({
      mm: subdirectory({
        hugepages: subdirectory({}),
        transparent_hugepage: subdirectory({
          defrag: constant('always defer defer+madvise madvise [never]'),
          enabled: constant('always madvise [never]'),
          shmem_enabled: constant('always within_size advise [never] deny force'),
        }),
      }),
    }),
  }
}

function cpuDirectory(cpus: number): Entry {
  const all = cpuList(firstCpus(cpus))
  const entries: Entries = {
    isolated: constant(''),
    kernel_max: constant(cpus - 1),
    offline: constant(''),
    online: constant(all),
    possible: constant(all),
    present: constant(all),
    smt: subdirectory({active: constant(0), control: constant('notsupported')}),
  }
  for (let cpu = 0; cpu < cpus; cpu++)
    entries[`cpu${cpu}`] = subdirectory({topology: topologyDirectory(cpu, cpus)})
  return subdirectory(entries)
}

/** Documentation/ABI/stable/sysfs-devices-system-cpu. */
function topologyDirectory(cpu: number, cpus: number): Entry {
  const [own, all] = [1n << BigInt(cpu), firstCpus(cpus)]
  const core = {mask: constant(maskText(own, cpus)), list: constant(cpuList(own))}
  const whole = {mask: constant(maskText(all, cpus)), list: constant(cpuList(all))}
  return subdirectory({
    core_cpus: core.mask,
    core_cpus_list: core.list,
    core_id: constant(cpu),
    core_siblings: whole.mask,
    core_siblings_list: whole.list,
    die_cpus: whole.mask,
    die_cpus_list: whole.list,
    die_id: constant(0),
    package_cpus: whole.mask,
    package_cpus_list: whole.list,
    physical_package_id: constant(0),
    thread_siblings: core.mask,
    thread_siblings_list: core.list,
  })
}

function nodeDirectory(source: SysSource): Entry {
  const all = firstCpus(source.cpuCount)
  return subdirectory({
    has_cpu: constant(0),
    has_memory: constant(0),
    has_normal_memory: constant(0),
    node0: subdirectory({
      cpulist: constant(cpuList(all)),
      cpumap: constant(maskText(all, source.cpuCount)),
      distance: constant(10),
      meminfo: text(() => nodeMeminfo(source)),
    }),
    online: constant(0),
    possible: constant(0),
  })
}

function nodeMeminfo(source: SysSource): ByteString {
  const {totalBytes, freeBytes} = source.memory()
  const row = (name: string, bytes: number): string =>
    `Node 0 ${`${name}:`.padEnd(15)}${String(Math.floor(bytes / KB)).padStart(9)} kB\n`
  return row('MemTotal', totalBytes) + row('MemFree', freeBytes) + row('MemUsed', totalBytes - freeBytes)
}

/** Words of 32 bits, the highest first. */
function maskText(mask: bigint, cpus: number): string {
  const words: string[] = []
  for (let low = 0; low < cpus; low += 32) {
    const digits = Math.ceil(Math.min(32, cpus - low) / 4)
    words.unshift(((mask >> BigInt(low)) & 0xffff_ffffn).toString(16).padStart(digits, '0'))
  }
  return words.join(',')
}
