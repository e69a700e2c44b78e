// arm64: what to ask KVM: the capabilities that hv uses, devices, attributes and registers. A table; the numbers are
// linux/kvm.h's and asm/kvm.h's.

import type {KvmQuestions} from '../addon.ts'
import type {Capability, Facts} from '../facts.ts'
import {withCommon} from '../kvm-vm.ts'
import {withCommonFeatures} from '../vm-features.ts'

export const CAPABILITIES: readonly Capability[] = withCommon([
  {name: 'ONE_REG', number: 70, use: 'registers', isRequired: true},
  {name: 'ARM_PSCI_0_2', number: 102, use: 'a guest that switches itself off', isRequired: true},
])

export const FEATURES = withCommonFeatures([
  {label: 'SVE', name: 'ARM_SVE', number: 170},
  {label: 'pointer authentication', name: 'ARM_PTRAUTH_ADDRESS', number: 171},
  {label: 'a PMU', name: 'ARM_PMU_V3', number: 126},
  {label: 'memory tags', name: 'ARM_MTE', number: 205},
  {label: '32-bit EL1', name: 'ARM_EL1_32BIT', number: 93},
  {label: 'a counter offset', name: 'COUNTER_OFFSET', number: 227},
  {label: "the host's time by PTP", name: 'PTP_KVM', number: 198},
  {label: 'dirty rings', name: 'DIRTY_LOG_RING_ACQ_REL', number: 223},
])

const ARM_VM_IPA_SIZE = 165
const ARM_EL2 = 240
export const MORE_CAPABILITIES: readonly number[] = [ARM_VM_IPA_SIZE, ARM_EL2]

/** KVM_DEV_TYPE_ARM_VGIC_V2 and _V3. */
const VGICS: [version: string, type: number][] = [
  ['v2', 5],
  ['v3', 7],
]
/** Group KVM_ARM_VM_SMCCC_CTRL, attribute KVM_ARM_VM_SMCCC_FILTER. */
const SMCCC_FILTER = [0, 0]
/** ARM64_SYS_REG(3, 0, 0, 7, 1) */
const ID_AA64MMFR1_EL1 = 0x603000000013c039n

export const QUESTIONS: KvmQuestions = {
  devices: VGICS.map(([, type]) => type),
  attributes: SMCCC_FILTER,
  registers: [ID_AA64MMFR1_EL1],
}

export function ipaBitsOf(facts: Facts): number | null {
  return moreExtension(facts, ARM_VM_IPA_SIZE) || null
}

/** KVM_CAP_ARM_EL2; null when the device does not open. */
export function hasEl2ForGuests(facts: Facts): boolean | null {
  const value = moreExtension(facts, ARM_EL2)
  return value === undefined ? null : value > 0
}

/** GIC versions that KVM can make for a guest; null when there was no VM to ask. */
export function vgicsOf({kvm}: Facts): string[] | null {
  if (kvm.devices.length !== VGICS.length) return null
  return VGICS.filter((_, i) => kvm.devices[i] === 0).map(([version]) => version)
}

/** Errno of the question for the filter, 0 when it is there; null when there was no VM to ask. */
export function smcccFilterErrno({kvm}: Facts): number | null {
  return kvm.attributes[0] ?? null
}

/** ID_AA64MMFR1_EL1.VH, bits [11:8], as KVM shows it to a guest; null: not known. */
export function vhFieldOf({kvm}: Facts): number | null {
  const value = kvm.registers[0] ?? null
  return value === null ? null : Number((value >> 8n) & 0xfn)
}

/** undefined when the device did not open, or is not KVM. */
function moreExtension({kvm, capabilities}: Facts, number: number): number | undefined {
  if (kvm.apiVersion < 0) return undefined
  return kvm.extensions[capabilities.length + MORE_CAPABILITIES.indexOf(number)]
}
