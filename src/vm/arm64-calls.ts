// What an arm64 VM does with its guest's hypercalls and counters (api.rst, KVM_ARM_SET_COUNTER_OFFSET; devices/vm.rst, KVM_ARM_VM_SMCCC_FILTER).

import {errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVm} from './addon.ts'

/** The numbers of KVM_SET_DEVICE_ATTR and KVM_ARM_SET_COUNTER_OFFSET. */
const [SET_ATTRIBUTE, SET_COUNTER_OFFSET] = [0x4018aee1, 0x4010aeb5]
/** struct kvm_device_attr: flags, group, attribute, which are all 0, and the address of struct kvm_smccc_filter. */
const [ATTRIBUTE_BYTES, FILTER_AT] = [24, 16]
const FILTER_BYTES = 24

/**
 * What becomes of some hypercalls of an arm64 guest: HVC and SMC by the SMC Calling Convention (Arm DEN0028).
 *
 * @example
 * // arm64 only
 * using asked = Vm.create({memoryBytes: 0x10000})
 * // The OEM's functions of 32 bits: an exit each.
 * if (checkExtension('KVM_CAP_COUNTER_OFFSET') > 0) asked.filterCalls({base: 0x83000000, count: 16, action: 'exit'})
 */
export interface CallFilter {
  /** The first function's number, as in W0. */
  base: number
  /** How many functions, one after another; 1 by default. */
  count?: number
  /** `exit`: a {@link HypercallExit}; `deny`: the guest gets -1, "not supported"; `handle`: KVM answers, as without a filter. */
  action: 'exit' | 'deny' | 'handle'
}

const WORD_MAX = 2 ** 32 - 1
const callFilter = takes.options({
  base: takes.integer(0, WORD_MAX),
  count: takes.optional(takes.integer(1, WORD_MAX)),
  action: takes.oneOf(['exit', 'deny', 'handle']),
})
/** KVM_SMCCC_FILTER_*. */
const ACTIONS = {handle: 0, deny: 1, exit: 2}

/** @throws HvError BAD_ARGUMENT, KVM_UNUSABLE */
export function filterCalls({fd}: NativeVm, filter: CallFilter): void {
  requireArm64('filters of hypercalls')
  const {base, count = 1, action} = takes.checked(callFilter, filter, 'filter')
  const bytes = new Uint8Array(FILTER_BYTES)
  new Uint32Array(bytes.buffer).set([base, count])
  bytes[8] = ACTIONS[action]
  const result = addon.rawIoctl(fd, SET_ATTRIBUTE, new Uint8Array(ATTRIBUTE_BYTES), [FILTER_AT], [bytes])
  if (result >= 0) return
  const errno = errnoName(-result)
  if (errno === 'ENXIO' || errno === 'ENOTTY') throw tooOld('filters of hypercalls (KVM_ARM_VM_SMCCC_FILTER)')
  const functions = `0x${base.toString(16)}, ${count} of them`
  const nextStep = {
    EBUSY: 'ask before the first run',
    EEXIST: 'leave out what has a filter, as 0xc3000000 to 0xc300ffff have, and what is Arm’s own',
  }[errno]
  throw badArgument(`KVM filters no calls of functions from ${functions}: ${errno}`, nextStep)
}

/** @throws HvError BAD_ARGUMENT, KVM_UNUSABLE */
export function setCounterOffset({fd}: NativeVm, ticks: bigint): void {
  requireArm64('offset of counters')
  if (typeof ticks !== 'bigint') throw badArgument(`ticks cannot be ${String(ticks)}`, 'give a bigint')
  const request = BigInt64Array.of(BigInt.asIntN(64, ticks), 0n)
  const result = addon.rawIoctl(fd, SET_COUNTER_OFFSET, new Uint8Array(request.buffer), [], [])
  if (result >= 0) return
  const errno = errnoName(-result)
  if (errno === 'ENOTTY' || errno === 'EINVAL') throw tooOld('offset of counters (KVM_CAP_COUNTER_OFFSET)')
  throw badArgument(`KVM sets no offset of counters: ${errno}`, 'ask while no vCPU runs')
}

function requireArm64(what: string): void {
  if (arch.name !== 'arm64') throw badArgument(`this host is ${arch.name}, whose VMs have no ${what}`)
}

const tooOld = (what: string): HvError =>
  new HvError('KVM_UNUSABLE', `KVM of this host has no ${what}`, 'use Linux 6.4 or later')
