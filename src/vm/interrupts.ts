// How a host interrupts a vCPU without an interrupt controller of KVM: by vector, by NMI and SMI, by the vCPU's own inputs.

import {ENXIO} from '../abi/errno.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {type InterruptLine, lineDrivenBy} from './irqchip.ts'
import {type Failure, orThrow} from './open-error.ts'
import type {Registers} from './registers.ts'

const vectorNumber = takes.integer(0, 255)
/** RFLAGS: SDM vol. 1, 3.4.3. */
const INTERRUPTS_ENABLED = 0x200n

/** @returns false: the guest takes none now */
export function interruptWith(vector: number, native: () => NativeVcpu, registers: Registers): boolean {
  requireArchitecture('x86_64', 'interrupts by vector', "use the vCPU's `line`")
  takes.checked(vectorNumber, vector, 'vector')
  const vcpu = native()
  // KVM asks for this at an exit, and would let the processor refuse what was changed since.
  const isEnabled = (registers.get('rflags') & INTERRUPTS_ENABLED) !== 0n
  return orThrow(() => vcpu.inject(vector, isEnabled), refused)
}

export function interruptBy(kind: 'nmi' | 'smi', native: () => NativeVcpu): void {
  requireArchitecture('x86_64', `${kind.toUpperCase()}s`, "use the vCPU's `line`")
  const vcpu = native()
  orThrow(
    () => vcpu[kind](),
    (cause) => new HvError('KVM_UNUSABLE', `KVM sends no ${kind.toUpperCase()} on this host`, '', {cause}),
  )
}

export function lineOf(input: 'irq' | 'fiq', native: () => NativeVcpu): InterruptLine {
  requireArchitecture('arm64', 'inputs of a vCPU', 'use its `interrupt`, with a vector')
  if (input !== 'irq' && input !== 'fiq') throw badArgument(`a vCPU has no input ${input}`, 'give irq or fiq')
  return lineDrivenBy((isHigh) => orThrow(() => native().setLine(input === 'fiq', isHigh), refused))
}

function requireArchitecture(name: typeof arch.name, what: string, nextStep: string): void {
  if (arch.name !== name) throw badArgument(`this host is ${arch.name}, which has no ${what}`, nextStep)
}

function refused(cause: Failure): unknown {
  if (cause instanceof HvError) return cause
  if (cause.errno !== ENXIO) return new HvError('VCPU_FAILED', cause.message, '', {cause})
  const message = 'an interrupt controller interrupts the vCPUs of this VM'
  return badArgument(message, 'use the `irqchip` of the VM', {cause})
}
