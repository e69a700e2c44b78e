// Which model-specific registers end a guest's run (x86_64): KVM_CAP_X86_USER_SPACE_MSR, KVM_X86_SET_MSR_FILTER.

import * as v from 'valibot'
import {HvError} from '../errors.ts'
import * as takes from '../options.ts'
import {checkExtension} from './capabilities.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import type {RawKvm} from './raw.ts'
import {requireArchitecture} from './start.ts'

/** Model-specific registers with numbers that follow each other. @see {@link Vm.exitOnMsrs} */
export interface MsrRange {
  /** The first one's number. */
  first: number
  /** How many: 12,288 at most, 1 by default. */
  count?: number
  /** Both by default. */
  access?: 'read' | 'write'
}

/** Which accesses to model-specific registers are exits. @see {@link Vm.exitOnMsrs} */
export interface MsrExits {
  /** 16 at most. KVM leaves those of x2APIC, 0x800 to 0x8ff, to the local APIC. */
  ranges?: readonly MsrRange[]
  /** Those that KVM does not know. */
  unknown?: boolean
  /** Accesses that KVM refuses, such as a value with reserved bits. */
  invalid?: boolean
}

/** asm/kvm.h: KVM_MSR_FILTER_MAX_RANGES, and the bits of KVM_MSR_FILTER_MAX_BITMAP_SIZE. */
const [RANGES_MAX, COUNT_MAX] = [16, 0x600 * 8]
const word = takes.integer(0, 2 ** 32 - 1)
const msrRange = takes.options({
  first: word,
  count: v.optional(takes.integer(1, COUNT_MAX)),
  access: v.optional(takes.oneOf(['read', 'write'])),
})
const msrExits = takes.options({
  ranges: v.optional(
    v.pipe(takes.list(msrRange, 'an array'), v.maxLength(RANGES_MAX, `${RANGES_MAX} at most`)),
  ),
  unknown: v.optional(takes.truth),
  invalid: v.optional(takes.truth),
})

const KVM_ENABLE_CAP = 0x4068aea3
const KVM_X86_SET_MSR_FILTER = 0x4188aec6
/** struct kvm_enable_cap. */
const [ENABLE_BYTES, ARGUMENT_AT] = [104, 8]
/** struct kvm_msr_filter: flags, and ranges of flags, number, first and the address of a bitmap. */
const [FILTER_BYTES, RANGES_AT, RANGE_BYTES, BITMAP_AT] = [392, 8, 24, 16]
/** KVM_MSR_FILTER_READ and _WRITE; KVM_MSR_EXIT_REASON_*. */
const [READ, WRITE] = [1, 2]
const [INVALID, UNKNOWN, FILTER] = [1, 2, 4]

/** @throws HvError as Vm.exitOnMsrs */
export function exitOnMsrs(raw: RawKvm, exits: MsrExits): void {
  const {ranges = [], unknown = false, invalid = false} = takes.checked(msrExits, exits, 'options')
  requireArchitecture('x86_64', 'exitOnMsrs')
  const names = ['KVM_CAP_X86_USER_SPACE_MSR', 'KVM_CAP_X86_MSR_FILTER'] as const
  const lacking = names.find((name) => checkExtension(name) === 0)
  if (lacking !== undefined)
    throw new HvError('KVM_UNUSABLE', `this KVM lacks ${lacking}`, 'use Linux 5.10 or later')
  const reasons = (invalid ? INVALID : 0) | (unknown ? UNKNOWN : 0) | (ranges.length > 0 ? FILTER : 0)
  const enable = new DataView(new ArrayBuffer(ENABLE_BYTES))
  enable.setUint32(0, KVM_CAPABILITIES.KVM_CAP_X86_USER_SPACE_MSR, true)
  enable.setUint32(ARGUMENT_AT, reasons, true)
  // Before the filter, without which an access that it keeps from KVM would be a fault.
  raw.ioctl(KVM_ENABLE_CAP, new Uint8Array(enable.buffer))
  const filter = new DataView(new ArrayBuffer(FILTER_BYTES))
  const bitmaps: Record<number, Uint8Array> = {}
  for (const [index, {first, count = 1, access}] of ranges.entries()) {
    const at = RANGES_AT + index * RANGE_BYTES
    filter.setUint32(at, access === 'read' ? READ : access === 'write' ? WRITE : READ | WRITE, true)
    filter.setUint32(at + 4, count, true)
    filter.setUint32(at + 8, first, true)
    // A 0 keeps the access from KVM, which reads words.
    bitmaps[at + BITMAP_AT] = new Uint8Array(Math.ceil(count / 64) * 8)
  }
  raw.ioctl(KVM_X86_SET_MSR_FILTER, new Uint8Array(filter.buffer), bitmaps)
}
