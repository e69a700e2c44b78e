// Vcpus: the vCPUs of one VM, and KVM's numbers for them.

import {addon} from '../addon.ts'
import type {NativeVcpu, NativeVm} from './addon.ts'
import {ExitTraces} from './exit-trace.ts'
import type {GuestMemory} from './guest-memory.ts'
import {orThrow, vcpuError} from './open-error.ts'
import type {SavedVcpu} from './save/format.ts'
import type {VcpuState} from './save/parts.ts'
import {Vcpu} from './vcpu.ts'
import type {VcpuOptions} from './vm-options.ts'

/** What saving keeps of a vCPU, beside its state. */
type NumberedVcpu = Omit<SavedVcpu, 'parts'>

/** What vCPUs need of their VM. */
interface VmOfVcpus {
  readonly native: NativeVm
  readonly memory: GuestMemory
  readonly hasEl2: boolean
  /** Tells listeners of stores that were posted before an exit. */
  deliver(): void
}

/** @internal Vm's */
export class Vcpus {
  readonly traces = new ExitTraces((vcpu) => this.#indexOf(vcpu))
  readonly #vm: VmOfVcpus
  readonly #made = new Map<Vcpu, NumberedVcpu>()

  constructor(vm: VmOfVcpus) {
    this.#vm = vm
  }

  /** Those that are not disposed of, in the order in which they were made. */
  get list(): Vcpu[] {
    return [...this.#made.keys()]
  }

  has(vcpu: Vcpu): boolean {
    return this.#made.has(vcpu)
  }

  /** @throws HvError VCPU_FAILED */
  make(options: Required<VcpuOptions>): Vcpu {
    return this.#own(this.#newNative(options), options)
  }

  /** Numbers in between belong to vCPUs that were disposed of before the VM was saved: KVM keeps them, and their numbers. */
  makeNumbered({id, ...options}: NumberedVcpu): Vcpu {
    for (;;) {
      const native = this.#newNative(options)
      if (native.id === id) return this.#own(native, options)
      native.dispose()
    }
  }

  /** @throws HvError as Vcpu.save */
  save(): (NumberedVcpu & {state: VcpuState})[] {
    return Array.from(this.#made, ([vcpu, numbered]) => ({...numbered, state: vcpu.save()}))
  }

  #own(native: NativeVcpu, options: Required<VcpuOptions>): Vcpu {
    const {memory} = this.#vm
    const vcpu = new Vcpu(native, {
      memory,
      forget: (gone) => this.#made.delete(gone),
      deliver: () => this.#vm.deliver(),
      traces: this.traces,
    })
    this.#made.set(vcpu, {id: native.id, ...options})
    return vcpu
  }

  /** KVM's number. */
  #indexOf(vcpu: Vcpu): number {
    return this.#made.get(vcpu)!.id
  }

  #newNative({startsOff}: Required<VcpuOptions>): NativeVcpu {
    const {native, hasEl2} = this.#vm
    return orThrow(() => new addon.Vcpu(native, startsOff, hasEl2), vcpuError)
  }
}
