// UsageMeter: sums up what a machine uses over its boots.

import type {DiskCounts, NetworkCounts} from '../devices/device-counts.ts'
import type {VirtioBalloon} from '../devices/virtio-balloon.ts'
import type {MachineResult} from '../machine-result.ts'
import type {KernelRun} from './kernel-run.ts'
import type {MachineUsage} from './machine-usage.ts'

interface MeteredDevices {
  readonly balloon: VirtioBalloon
  readonly disks: readonly {readonly counts: DiskCounts}[]
  readonly networks: readonly {readonly counts: NetworkCounts}[]
}

const NONE = {boots: 0, exits: 0, portExits: 0, memoryExits: 0, unclaimed: 0, cpuNs: 0}

export class UsageMeter {
  readonly #devices: MeteredDevices
  /** Of all boots that have ended. */
  readonly #past = {...NONE}
  #run: KernelRun | undefined

  constructor(devices: MeteredDevices) {
    this.#devices = devices
  }

  begin(run: KernelRun): void {
    this.#run = run
  }

  /** The run has ended. Precondition: its VM is still there. */
  end(): void {
    Object.assign(this.#past, this.#counts())
    this.#run = undefined
  }

  /** Precondition: the VM is there. */
  usage({memory}: KernelRun['vm'], maxMemoryBytes: number): Omit<MachineUsage, 'guest'> {
    const {balloon, disks, networks} = this.#devices
    const {cpuNs, ...counts} = this.#counts()
    return {
      ...{memoryBytes: memory.residentBytes, maxMemoryBytes, cpuMs: cpuNs / 1e6, ...counts},
      ...{balloonTargetBytes: balloon.targetBytes, balloonBytes: balloon.actualBytes, ...balloon.counts},
      disks: disks.map((disk) => ({...disk.counts})),
      networks: networks.map((network) => ({...network.counts})),
    }
  }

  /** As counters of a result; a disk's begin with `disk`, and those of several devices are added up. @param vm whose memory is measured */
  stats(vm: KernelRun['vm'] | undefined): MachineResult['stats'] {
    const {balloon, disks, networks} = this.#devices
    const memory = vm && {memoryBytes: vm.memory.residentBytes}
    const stats: MachineResult['stats'] = {...this.#counts(), ...memory, ...balloon.counts}
    const add = (name: string, count: number): void => {
      stats[name] = (stats[name] ?? 0) + count
    }
    for (const {counts} of disks)
      for (const [name, count] of Object.entries(counts))
        add(`disk${name[0].toUpperCase()}${name.slice(1)}`, count)
    for (const {counts} of networks) for (const [name, count] of Object.entries(counts)) add(name, count)
    return stats
  }

  #counts(): typeof NONE {
    const counts = {...this.#past}
    if (this.#run === undefined) return counts
    const {stats, vcpus} = this.#run
    counts.boots++
    for (const name of ['exits', 'portExits', 'memoryExits', 'unclaimed'] as const)
      counts[name] += stats[name]
    for (const vcpu of vcpus) counts.cpuNs += vcpu.cpuNs
    return counts
  }
}
