// CpuFeatures: what vCPUs have beyond what all of their architecture have, and what a host needs for it.

import * as v from 'valibot'
import {EBUSY} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import {checkExtension, type KvmCapability} from './capabilities.ts'
import {openError, orThrow} from './open-error.ts'

/**
 * What all vCPUs of a VM have beyond what every vCPU of their architecture has (api.rst, KVM_ARM_VCPU_INIT). All but `amx` are arm64's.
 * {@link checkExtension} tells what the host has: `KVM_CAP_ARM_SVE`, `…_PTRAUTH_ADDRESS`, `…_PMU_V3`, `…_MTE`, `…_EL1_32BIT`.
 *
 * @example
 * // arm64 only
 * const features = {pmu: checkExtension('KVM_CAP_ARM_PMU_V3') > 0, sve: checkExtension('KVM_CAP_ARM_SVE') > 0}
 * using counting = Vm.create({memoryBytes: 0x10000, features})
 * const {vectors} = counting.createVcpu()
 * console.log(vectors.names.includes('z0') === features.sve) // true
 */
export interface CpuFeatures {
  /**
   * The Scalable Vector Extension, with all vector lengths of the host; or, as a number, with vectors of at most so many bits. That is one of
   * the host's lengths, else `createVcpu` is refused. The guest's ZCR_EL1 chooses among them.
   */
  sve?: boolean | number
  /** Pointer authentication, of addresses and generic. */
  pauth?: boolean
  /** Performance monitors, PMUv3; with an `irqchip` they interrupt by PPI 23. */
  pmu?: boolean
  /** The Memory Tagging Extension: {@link Vm.memoryTags}. All memory must be anonymous, or a memfd's. */
  mte?: boolean
  /** EL1 and EL0 run in AArch32; the vCPU begins in Supervisor mode at address 0, with x0 to x14 as R0 to R14. */
  el1Is32Bit?: boolean
  /**
   * x86_64: the tiles of AMX (SDM vol. 1, 18). A process may give them to guests if it asks Linux before its first vCPU, so make this VM first.
   * The guest switches them on in XCR0.
   */
  amx?: boolean
}

const VECTOR_BITS_MAX = 2048
/** @internal */
export const cpuFeatures = takes.options({
  sve: v.optional(takes.either([takes.truth, takes.integer(128, VECTOR_BITS_MAX)], 'true, false or bits')),
  pauth: v.optional(takes.truth),
  pmu: v.optional(takes.truth),
  mte: v.optional(takes.truth),
  el1Is32Bit: v.optional(takes.truth),
  amx: v.optional(takes.truth),
})

interface Need {
  what: string
  capability: KvmCapability
  needs: string
}

const NEEDS: Record<Exclude<keyof CpuFeatures, 'amx'>, Need> = {
  sve: {
    what: 'SVE',
    capability: 'KVM_CAP_ARM_SVE',
    needs: 'a processor with SVE (Neoverse V1, N2, V2), CONFIG_ARM64_SVE, and VHE before Linux 5.13',
  },
  pauth: {
    what: 'pointer authentication',
    capability: 'KVM_CAP_ARM_PTRAUTH_ADDRESS',
    needs: 'a processor with FEAT_PAuth (Neoverse V1, N2; Cortex-A78C) and CONFIG_ARM64_PTR_AUTH',
  },
  pmu: {
    what: 'performance monitors',
    capability: 'KVM_CAP_ARM_PMU_V3',
    needs: "a kernel that drives the processor's own (CONFIG_ARM_PMUV3, and a PMU in the firmware's tables)",
  },
  mte: {
    what: 'memory tags',
    capability: 'KVM_CAP_ARM_MTE',
    needs: 'a processor and memory with FEAT_MTE2, CONFIG_ARM64_MTE, and Linux 5.14 or later',
  },
  el1Is32Bit: {
    what: 'EL1 in AArch32',
    capability: 'KVM_CAP_ARM_EL1_32BIT',
    needs: 'a processor whose EL1 runs AArch32 (Cortex-A53, A57, A72, A73)',
  },
}

/** @throws HvError BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE */
export function checkFeatures(given: CpuFeatures, isNested: boolean): Required<CpuFeatures> {
  const {sve = false, pauth = false, pmu = false, mte = false, el1Is32Bit = false, amx = false} = given
  const features = {sve, pauth, pmu, mte, el1Is32Bit, amx}
  const wanted = (Object.keys(features) as (keyof CpuFeatures)[]).filter((name) => features[name] !== false)
  for (const name of wanted) {
    const home = name === 'amx' ? 'x86_64' : 'arm64'
    if (arch.name !== home) {
      const message = `features.${name} is for ${home}, and this host is ${arch.name}`
      throw badArgument(message, `leave features.${name} out`)
    }
    if (name === 'amx') requireTiles()
    else requireFeature(name)
  }
  const other = isNested ? 'nested' : wanted.find((name) => name !== 'el1Is32Bit' && name !== 'pmu')
  if (el1Is32Bit && other !== undefined) {
    throw badArgument(`an EL1 in AArch32 has no ${other}`, `leave ${other} or el1Is32Bit out`)
  }
  return features
}

function requireTiles(): void {
  const errno = orThrow(addon.allowTiles, openError)
  if (errno === 0) return
  if (errno === EBUSY) {
    const message = 'this process has made a vCPU already, and can give no guest AMX any more'
    throw new HvError('KVM_UNUSABLE', message, 'make this VM first, or in a process of its own')
  }
  const message = 'this host has no AMX for guests'
  const needs = 'a processor with AMX (Sapphire Rapids) and Linux 5.17'
  throw new HvError('KVM_UNUSABLE', message, `leave features.amx out, or use ${needs}`)
}

function requireFeature(name: keyof typeof NEEDS): void {
  const {what, capability, needs} = NEEDS[name]
  if (checkExtension(capability) > 0) return
  const message = `this host has no ${what} for arm64 guests (${capability})`
  throw new HvError('KVM_UNUSABLE', message, `leave features.${name} out, or use ${needs}`)
}
