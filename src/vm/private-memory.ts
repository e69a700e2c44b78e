// Private memory (x86_64): VMs that have it, and what a guest asks for.

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import type {Exit} from './exit.ts'
import {openError, orThrow} from './open-error.ts'

/**
 * What a VM is for KVM (KVM_CAP_VM_TYPES). `sw-protected`: a KVM_X86_SW_PROTECTED_VM, whose memory can be private; Linux has it for development
 * and tests. @see {@link GuestMemory.setPrivate}
 */
export type VmType = 'default' | 'sw-protected'

/** KVM_CAP_VM_TYPES has a bit for each; asm/kvm.h: KVM_X86_SW_PROTECTED_VM. */
const SW_PROTECTED = 1 << 1

/** @throws HvError BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE */
export function checkVmType(type: VmType): void {
  if (type === 'default') return
  if (arch.name !== 'x86_64') {
    const message = `type ${type} is for x86_64: Linux has no private memory for VMs of ${arch.name}`
    throw badArgument(message, 'leave type out')
  }
  const types = orThrow(() => addon.checkExtension(KVM_CAPABILITIES.KVM_CAP_VM_TYPES), openError)
  if ((types & SW_PROTECTED) !== 0) return
  const message = 'this host has no software-protected VMs (KVM_CAP_VM_TYPES)'
  const nextStep =
    'leave type out, or use Linux 6.8 or later with CONFIG_KVM_SW_PROTECTED_VM and nested paging'
  throw new HvError('KVM_UNUSABLE', message, nextStep)
}

/** What a guest asks for by KVM_HC_MAP_GPA_RANGE; nothing of it is checked. @see {@link readMapGpaRange} */
export interface MapGpaRange {
  /** Guest physical, of the first page. */
  readonly address: number
  /** Of all pages. */
  readonly bytes: number
  readonly isPrivate: boolean
}

/** Linux, Documentation/virt/kvm/x86/hypercalls.rst; linux/kvm_para.h: KVM_HC_MAP_GPA_RANGE, KVM_MAP_GPA_RANGE_ENCRYPTED. */
const MAP_GPA_RANGE = 12
const ENCRYPTED = 1n << 4n
const GUEST_PAGE_BYTES = 4096n

/**
 * What an x86_64 guest asks for by the hypercall KVM_HC_MAP_GPA_RANGE: that pages become private, or shared.
 * @returns undefined for any other exit
 *
 * @example
 * // x86_64 only
 * const exit = vcpu.run()
 * const asked = readMapGpaRange(exit)
 * if (asked !== undefined && exit.kind === 'hypercall') {
 *   try {
 *     vm.memory.setPrivate(asked.address, asked.bytes, asked.isPrivate)
 *   } catch {
 *     exit.result = -22n // EINVAL
 *   }
 * }
 * console.log(asked) // undefined
 */
export function readMapGpaRange(exit: Exit): MapGpaRange | undefined {
  if (arch.name !== 'x86_64' || exit.kind !== 'hypercall' || exit.number !== MAP_GPA_RANGE) return undefined
  const [address, pages, attributes] = exit.args
  const isPrivate = (attributes & ENCRYPTED) !== 0n
  return {address: Number(address), bytes: Number(pages * GUEST_PAGE_BYTES), isPrivate}
}
