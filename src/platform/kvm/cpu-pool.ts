// CpuPool: the Cpus of a platform: made when first needed (protected KVM: all at once), lent to contexts, and keeping the registers of their last one.

import {addon} from '../../addon.ts'
import {HvError} from '../../errors.ts'
import type {NativeWatcher} from '../addon.ts'
import type {ShownRegion} from '../memory-file.ts'
import type {NativeUserVm} from './addon.ts'
import {KvmCpu} from './cpu.ts'

export class CpuPool {
  /** How many contexts can run at a time. */
  readonly size: number
  readonly #vm: NativeUserVm
  readonly #watcher: NativeWatcher
  readonly #supervisor: ShownRegion
  readonly #cpus: KvmCpu[] = []
  /** Cpus whose vCPUs stopped for good. KVM keeps them as long as their VM. */
  readonly #dead: KvmCpu[] = []
  #takes = 0
  /** The FP state of a new vCPU. */
  #newFpState: Uint8Array | undefined

  /** @param supervisor the memory of `vm` that has frames and records */
  constructor(vm: NativeUserVm, watcher: NativeWatcher, supervisor: ShownRegion) {
    this.#vm = vm
    this.#watcher = watcher
    this.#supervisor = supervisor
    this.size = vm.cpus
  }

  /** The first Cpu, which shows what all are like. */
  get first(): KvmCpu {
    return this.#cpus[0] ?? this.#createFirst()
  }

  get newFpState(): Uint8Array {
    this.#newFpState ??= this.first.readFpState()
    return this.#newFpState
  }

  /**
   * For a context whose registers are in no Cpu: one without an owner; or a new one, to avoid moving registers; or the one
   * that was taken longest ago, whose owner then has to save its registers.
   * @returns undefined when all are busy
   * @throws HvError VCPU_FAILED
   */
  take(): KvmCpu | undefined {
    const cpu = this.#nobodys() ?? this.#longestTaken()
    if (cpu !== undefined) cpu.takenAt = ++this.#takes
    return cpu
  }

  /** The Cpu's vCPU stopped for good: another one takes its place. */
  bury(cpu: KvmCpu): void {
    this.#cpus.splice(this.#cpus.indexOf(cpu), 1)
    this.#dead.push(cpu)
  }

  /** Stops all of them. */
  dispose(): void {
    for (const cpu of [...this.#cpus, ...this.#dead]) cpu.dispose()
  }

  #nobodys(): KvmCpu | undefined {
    for (const cpu of this.#cpus) if (cpu.owner === undefined) return cpu
    return this.#cpus.length < this.size ? this.#another() : undefined
  }

  /** When the host has no more to give, the existing ones have to do. */
  #another(): KvmCpu | undefined {
    try {
      return this.#create()
    } catch (error) {
      if (this.#cpus.some((cpu) => !cpu.isBusy)) return undefined
      throw new HvError('VCPU_FAILED', `KVM gives no processor more: ${(error as Error).message}`)
    }
  }

  #longestTaken(): KvmCpu | undefined {
    let found: KvmCpu | undefined
    for (const cpu of this.#cpus) {
      if (!cpu.isBusy && (found === undefined || cpu.takenAt < found.takenAt)) found = cpu
    }
    return found
  }

  /** With all others, where none can be made later. */
  #createFirst(): KvmCpu {
    const first = this.#create()
    while (!this.#vm.takesLateCpus && this.#cpus.length < this.size) this.#create()
    return first
  }

  #create(): KvmCpu {
    const cpu = new KvmCpu(new addon.Cpu(this.#vm, this.#watcher), this.#supervisor)
    this.#cpus.push(cpu)
    // Before a program changes it.
    this.#newFpState ??= cpu.readFpState()
    return cpu
  }
}

/** What a context needs of the pool. */
export type CpuSource = Pick<CpuPool, 'take' | 'newFpState'>
