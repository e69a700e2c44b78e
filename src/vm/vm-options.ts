// The options of a VM and of its vCPUs, checked against what this architecture and this host offer.

import * as v from 'valibot'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {VmLimits} from './addon.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import {type CpuFeatures, checkFeatures, cpuFeatures} from './cpu-features.ts'
import {type HugePages, hugePages as hugePageOption} from './huge-pages.ts'
import {openError, orThrow} from './open-error.ts'
import {checkVmType, type VmType} from './private-memory.ts'
import {isPvmHost} from './pvm-host.ts'

/** How large a VM's memory is, where it lies, and what else the VM has. @see {@link Vm} */
export interface VmOptions {
  /** Guest memory, lazily backed: a multiple of the host's page size, at most 3 GiB. */
  memoryBytes: number
  /** The guest physical address of its first byte: a multiple of the host's page size, 0 by default. */
  memoryBase?: number
  /** arm64: how many bits guest physical addresses have, from 32 on; by default 40, or fewer where the host has fewer. */
  ipaBits?: number
  /** arm64: vCPUs begin at EL2 and may run guests of their own. Needs `irqchip`, without which KVM does not run them. */
  nested?: boolean
  /** What its vCPUs have beyond what all have. */
  features?: CpuFeatures
  /**
   * An interrupt controller: PIC, IOAPIC and local APICs with a PIT on x86_64; GICv3 or else GICv2 on arm64, where all vCPUs must then be
   * made before the first run. x86_64, `split`: KVM has the local APICs alone, and an IOAPIC is the host's to play ({@link Irqchip.route}).
   */
  irqchip?: boolean | 'split'
  /** Huge pages, with which a guest's translations take less time: transparent ones, or of a size. */
  hugePages?: HugePages
  /** The memory records which pages the guest writes: {@link GuestMemory.takeDirty}. It costs the guest an exit for each page. */
  logsDirty?: boolean
  /**
   * How many pages each vCPU logs, in a ring of its own, before KVM has to be asked: a power of two, such as 4096. KVM then looks for the
   * written pages in these rings, not in a bitmap of all of a slot's pages (KVM_CAP_DIRTY_LOG_RING): it suits large memories of which
   * little is written. What logs dirty pages, and `takeDirty`, stay the same. 0, the default: none.
   */
  dirtyRing?: number
  /** Its memory's pages are missing at first, until {@link servePages} fills them: see {@link MemorySlotOptions}. A saved VM is not lazy. */
  lazy?: boolean
  /**
   * Its memory is a guest_memfd: see {@link MemorySlotOptions}. It goes with none of `hugePages`, `logsDirty` and `lazy`. Since Linux 6.18; with
   * `type: 'sw-protected'`, wherever that is.
   */
  guestMemfd?: boolean
  /**
   * x86_64, `sw-protected`: memory with `guestMemfd` can become the guest's alone ({@link GuestMemory.setPrivate}). Such a VM is not saved, and has no
   * system management mode. It takes Linux 6.8 with CONFIG_KVM_SW_PROTECTED_VM.
   */
  type?: VmType
}

/**
 * How a vCPU begins.
 *
 * @example
 * const second = vm.createVcpu({startsOff: process.arch === 'arm64'})
 */
export interface VcpuOptions {
  /** arm64: its runs wait until another vCPU switches it on with PSCI's CPU_ON. */
  startsOff?: boolean
}

const vcpuOptions = takes.options({startsOff: v.optional(takes.truth)})

/** @internal @see VmOptions.irqchip */
export const anyIrqchip = takes.either([v.boolean(), v.literal('split')], 'true, false or "split"')

const vmOptions = takes.options({
  memoryBytes: takes.anyNumber,
  memoryBase: v.optional(takes.anyNumber),
  ipaBits: v.optional(takes.anyNumber),
  nested: v.optional(takes.truth),
  features: v.optional(cpuFeatures),
  irqchip: v.optional(anyIrqchip),
  hugePages: v.optional(hugePageOption),
  logsDirty: v.optional(takes.truth),
  dirtyRing: v.optional(takes.anyNumber),
  lazy: v.optional(takes.truth),
  guestMemfd: v.optional(takes.truth),
  type: v.optional(takes.oneOf(['default', 'sw-protected'])),
})

const GIB = 2 ** 30
const MEMORY_MAX = 3 * GIB
/** On x86_64 the last GiB below 4 is for devices, and for KVM; on arm64, every host's VMs can address 4 GiB. */
const MEMORY_END = {x86_64: 3 * GIB, arm64: 4 * GIB}
const IPA_BITS_MIN = 32
/** Bytes of struct kvm_dirty_gfn. */
const DIRTY_ENTRY_BYTES = 16
/** KVM keeps up to 576 for what one run may add (virt/kvm/dirty_ring.c). */
const DIRTY_ENTRIES_MIN = 1024
/** native/arch/arm64/boot.h. */
const GIC_BASE = 0x08000000
const GIC_END = 0x09000000

/** @throws HvError MEMORY_SIZE, BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE */
export function checkOptions(options: VmOptions): Required<VmOptions> {
  const given = takes.checked(vmOptions, options, 'options')
  const {memoryBytes, memoryBase = 0, ipaBits = 0, nested = false} = given
  const {
    irqchip = false,
    hugePages = false,
    logsDirty = false,
    dirtyRing = 0,
    lazy = false,
    guestMemfd = false,
    type = 'default',
  } = given
  const own = {memoryBytes, memoryBase, hugePages, logsDirty, dirtyRing, lazy, guestMemfd, type}
  const features = checkFeatures(given.features ?? {}, nested)
  const checked = {...own, ipaBits, nested, features, irqchip: irqchip || nested}
  checkMemory(checked)
  checkVmType(type)
  if (dirtyRing !== 0) checkDirtyRing(dirtyRing)
  if (arch.name !== 'arm64') refuseArm(checked)
  else if (irqchip === 'split') throw badArgument('a GIC cannot be split', 'give `irqchip: true`')
  else if (ipaBits !== 0 || nested) checkLimits(checked, orThrow(addon.vmLimits, openError))
  return checked
}

/** @throws HvError BAD_ARGUMENT */
export function checkVcpuOptions(options: VcpuOptions): Required<VcpuOptions> {
  const {startsOff = false} = takes.checked(vcpuOptions, options, 'options')
  return {startsOff}
}

function checkMemory({memoryBase, memoryBytes, irqchip}: Required<VmOptions>): void {
  const page = addon.pageBytes
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value % page === 0
  if (!isWhole(memoryBytes) || memoryBytes === 0 || memoryBytes > MEMORY_MAX) {
    const message = `a VM cannot have ${memoryBytes} bytes of memory`
    throw new HvError('MEMORY_SIZE', message, `give a multiple of ${page} from ${page} to ${MEMORY_MAX}`)
  }
  const end = MEMORY_END[arch.name]
  if (!isWhole(memoryBase) || memoryBase + memoryBytes > end) {
    const message = `a VM's memory of ${memoryBytes} bytes cannot begin at address ${memoryBase}`
    throw new HvError('MEMORY_SIZE', message, `give a multiple of ${page} up to ${end - memoryBytes}`)
  }
  if (arch.name === 'arm64' && irqchip && memoryBase < GIC_END && memoryBase + memoryBytes > GIC_BASE) {
    const message = 'the memory lies where the interrupt controller is'
    throw new HvError('MEMORY_SIZE', message, 'give a memoryBase of 0x40000000')
  }
}

function checkDirtyRing(entries: number): void {
  const {KVM_CAP_DIRTY_LOG_RING, KVM_CAP_DIRTY_LOG_RING_ACQ_REL} = KVM_CAPABILITIES
  const bytesOf = (capability: number): number => orThrow(() => addon.checkExtension(capability), openError)
  const max = (bytesOf(KVM_CAP_DIRTY_LOG_RING_ACQ_REL) || bytesOf(KVM_CAP_DIRTY_LOG_RING)) / DIRTY_ENTRY_BYTES
  if (max === 0) {
    const message = 'this host has no dirty rings (KVM_CAP_DIRTY_LOG_RING_ACQ_REL)'
    throw new HvError('KVM_UNUSABLE', message, 'leave dirtyRing out, or use Linux 5.11 or, on arm64, 6.4')
  }
  // Its interpreter of ring 0 writes many pages before it looks whether the ring has room.
  if (isPvmHost()) {
    throw new HvError('KVM_UNUSABLE', 'a PVM host loses pages of dirty rings', 'leave dirtyRing out')
  }
  const min = Math.max(DIRTY_ENTRIES_MIN, addon.pageBytes / DIRTY_ENTRY_BYTES)
  const isPowerOf2 = Number.isInteger(Math.log2(entries))
  if (isPowerOf2 && entries >= min && entries <= max) return
  throw badArgument(
    `a dirty ring cannot have ${entries} entries`,
    `give a power of two from ${min} to ${max}`,
  )
}

function refuseArm({ipaBits, nested}: Required<VmOptions>): void {
  const given = Object.entries({ipaBits, nested}).find(([, value]) => value)
  if (given === undefined) return
  const message = `${given[0]} is for arm64, and this host is ${arch.name}`
  throw badArgument(message, `leave ${given[0]} out`)
}

/** @throws HvError */
export function checkLimits(
  {ipaBits, nested}: Pick<Required<VmOptions>, 'ipaBits' | 'nested'>,
  limits: VmLimits,
): void {
  const isWidth = Number.isInteger(ipaBits) && ipaBits >= IPA_BITS_MIN && ipaBits <= limits.ipaBits
  if (ipaBits !== 0 && !isWidth) {
    const message = `guest physical addresses of this host's VMs cannot have ${ipaBits} bits`
    const range = `give ipaBits from ${IPA_BITS_MIN} to ${limits.ipaBits}`
    const nextStep = limits.ipaBits === 0 ? 'leave ipaBits out: this KVM gives no choice' : range
    throw badArgument(message, nextStep)
  }
  if (nested && !limits.hasEl2) {
    const message = 'this host has no nested virtualization for arm64 guests (KVM_CAP_ARM_EL2)'
    const nextStep =
      'use a processor with FEAT_NV2, Linux 6.16 or later, and the kernel argument kvm-arm.mode=nested'
    throw new HvError('KVM_UNUSABLE', message, nextStep)
  }
}
