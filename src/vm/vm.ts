// Vm: a virtual machine of KVM: memory and vCPUs.

import * as v from 'valibot'
import {EBUSY, EOPNOTSUPP} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu, NativeVm} from './addon.ts'
import {GuestMemory} from './guest-memory.ts'
import {openError} from './open-error.ts'
import {Vcpu} from './vcpu.ts'
import {checkOptions, type VmOptions} from './vm-options.ts'

/**
 * How a vCPU begins.
 *
 * @example
 * const second = vm.createVcpu({startsOff: process.arch === 'arm64'})
 */
export interface VcpuOptions {
  /** arm64: its runs wait until another vCPU switches it on by PSCI's CPU_ON. */
  startsOff?: boolean
}

const vcpuOptions = takes.options({startsOff: v.optional(takes.truth)})

/**
 * A virtual machine of KVM: memory, and vCPUs that begin in the architecture's reset state.
 *
 * @example
 * using vm = Vm.create({memoryBytes: 0x8000})
 * using vcpu = vm.createVcpu()
 * if (process.arch === 'arm64') {
 *   vm.memory.write(0x1000, Uint8Array.of(0x01, 0x00, 0x00, 0x39)) // strb w1, [x0]
 *   vcpu.registers.set({pc: 0x1000n, x0: 0x9000n, x1: 42n})
 * } else {
 *   vm.memory.write(0x1000, Uint8Array.of(0x88, 0x07)) // mov %al, (%bx), in real mode
 *   vcpu.registers.set({'cs.base': 0n, 'cs.selector': 0n, rip: 0x1000n, rbx: 0x9000n, rax: 42n})
 * }
 * console.log(vcpu.run()) // { kind: 'mmio', isWrite: true, address: 36864, data: Uint8Array(1) [ 42 ] }
 */
export class Vm implements Disposable {
  /** Its memory, by guest physical address. */
  readonly memory: GuestMemory
  /** The GIC's version, when one was asked for. */
  readonly gicVersion: number | undefined
  /** arm64: vCPUs begin at EL2. */
  readonly hasEl2: boolean
  readonly #native: NativeVm
  readonly #vcpus = new Set<Vcpu>()
  #isDisposed = false

  private constructor(native: NativeVm, {memoryBase, nested, gic}: Required<VmOptions>) {
    this.#native = native
    this.hasEl2 = nested
    this.memory = new GuestMemory(native, memoryBase)
    this.gicVersion = gic ? addGic(native) : undefined
  }

  /** Makes a VM with memory and no vCPU. @throws HvError MEMORY_SIZE, BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, OUT_OF_MEMORY */
  static create(options: VmOptions): Vm {
    const checked = checkOptions(options)
    return new Vm(create(checked), checked)
  }

  /** Adds a vCPU. @throws HvError VCPU_FAILED when KVM gives no more, BAD_ARGUMENT, DISPOSED */
  createVcpu(options: VcpuOptions = {}): Vcpu {
    const {startsOff = false} = takes.checked(vcpuOptions, options, 'options')
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the VM is disposed')
    const vcpu = new Vcpu(this.#newVcpu(startsOff), (gone) => this.#vcpus.delete(gone))
    this.#vcpus.add(vcpu)
    return vcpu
  }

  /** Frees everything, vCPUs too: their runs end as `interrupted`, views of the memory become empty. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    for (const vcpu of this.#vcpus) vcpu[Symbol.dispose]()
    this.#native.dispose()
  }

  #newVcpu(startsOff: boolean): NativeVcpu {
    try {
      return new addon.Vcpu(this.#native, startsOff, this.hasEl2)
    } catch (error) {
      throw vcpuError(error as Error & {errno?: number})
    }
  }
}

function create({memoryBase, memoryBytes, ipaBits}: Required<VmOptions>): NativeVm {
  try {
    return new addon.Vm(memoryBase, memoryBytes, ipaBits)
  } catch (error) {
    throw openError(error as Error & {errno?: number})
  }
}

function addGic(native: NativeVm): number {
  try {
    return native.addInterruptController()
  } catch (cause) {
    native.dispose()
    const message = 'KVM gives VMs no interrupt controller on this host'
    throw new HvError('KVM_UNUSABLE', message, 'leave gic away: the guest polls', {cause})
  }
}

function vcpuError(cause: Error & {errno?: number}): HvError {
  switch (cause.errno) {
    case EOPNOTSUPP:
      return new HvError('BAD_ARGUMENT', 'only vCPUs of arm64 start switched off', 'leave startsOff away', {
        cause,
      })
    case EBUSY: {
      const message = 'KVM makes no further vCPU: the interrupt controller has started'
      return new HvError('VCPU_FAILED', message, 'make all vCPUs before the first run', {cause})
    }
    default:
      return new HvError('VCPU_FAILED', `KVM makes no further vCPU: ${cause.message}`, '', {cause})
  }
}
