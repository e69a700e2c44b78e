// Vm: a virtual machine of KVM: memory and vCPUs.

import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import type {NativeVcpu, NativeVm} from './addon.ts'
import {GuestMemory} from './guest-memory.ts'
import {openError} from './open-error.ts'
import {Vcpu} from './vcpu.ts'

export interface VmOptions {
  /** Guest memory from guest physical address 0 on, lazily backed: a multiple of 4096, at most 3 GiB. */
  memoryBytes: number
}

const PAGE_SIZE = 4096
/** Above it lie addresses that x86_64 keeps for devices and KVM for itself. */
const MEMORY_MAX = 3 * 2 ** 30

export class Vm implements Disposable {
  readonly memory: GuestMemory
  readonly #native: NativeVm
  readonly #vcpus = new Set<Vcpu>()
  #isDisposed = false

  private constructor(native: NativeVm) {
    this.#native = native
    this.memory = new GuestMemory(native.memory)
  }

  /** @throws HvError MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, OUT_OF_MEMORY */
  static create({memoryBytes}: VmOptions): Vm {
    const isWhole = Number.isSafeInteger(memoryBytes) && memoryBytes % PAGE_SIZE === 0
    if (!isWhole || memoryBytes <= 0 || memoryBytes > MEMORY_MAX) {
      throw new HvError(
        'MEMORY_SIZE',
        `a VM cannot have ${memoryBytes} bytes of memory`,
        `give a multiple of ${PAGE_SIZE} from ${PAGE_SIZE} to ${MEMORY_MAX}`,
      )
    }
    try {
      return new Vm(new addon.Vm(memoryBytes))
    } catch (error) {
      throw openError(error as Error & {errno?: number})
    }
  }

  /** @throws HvError VCPU_FAILED when KVM gives no more, DISPOSED */
  createVcpu(): Vcpu {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the VM is disposed')
    const vcpu = new Vcpu(this.#newVcpu(), (gone) => this.#vcpus.delete(gone))
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

  #newVcpu(): NativeVcpu {
    try {
      return new addon.Vcpu(this.#native)
    } catch (error) {
      const {message} = error as Error
      throw new HvError('VCPU_FAILED', `KVM makes no further vCPU: ${message}`, '', {cause: error})
    }
  }
}
