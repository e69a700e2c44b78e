// Memory before a guest touches it: backed by the host, and mapped for a vCPU.

import {setImmediate as turn} from 'node:timers/promises'
import {EAGAIN, EFAULT, EINTR, EINVAL, ENOENT, ENOMEM, errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeMemorySlot} from './addon.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import {type Failure, orThrow} from './open-error.ts'

/** What this thread backs before its event loop turns. */
const PIECE_BYTES = 2 ** 24
const KVM_PRE_FAULT_MEMORY = 0xc040aed5
/** struct kvm_pre_fault_memory. */
const ARGUMENT_BYTES = 64
const whole = takes.integer(0, Number.MAX_SAFE_INTEGER)

/** @param native throws once the slot is disposed of */
export async function populate(
  native: () => NativeMemorySlot,
  offset: number,
  length: number,
): Promise<void> {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    if (at > 0) await turn()
    const slot = native()
    orThrow(() => slot.populate(offset + at, Math.min(PIECE_BYTES, length - at)), populateError)
  }
}

function populateError(cause: Failure): HvError {
  const message = `the host does not back the memory: ${cause.message}`
  if (cause.errno === ENOMEM) return new HvError('OUT_OF_MEMORY', message, 'give less', {cause})
  const isCutOff = cause.errno === EFAULT
  return new HvError('HOST_SYSCALL', message, isCutOff ? 'is the file still as long?' : 'use Linux 5.14', {
    cause,
  })
}

/** @param fd of the vCPU */
export function prefault(fd: number, address: number, length: number): void {
  takes.checked(whole, address, 'address')
  takes.checked(whole, length, 'length')
  const argument = new Uint8Array(ARGUMENT_BYTES)
  const view = new DataView(argument.buffer)
  view.setBigUint64(0, BigInt(address), true)
  view.setBigUint64(8, BigInt(length), true)
  // KVM writes how much is left.
  while (view.getBigUint64(8, true) > 0n) {
    const result = addon.rawIoctl(fd, KVM_PRE_FAULT_MEMORY, argument, [], [])
    if (result < 0 && result !== -EINTR && result !== -EAGAIN) throw prefaultError(-result, address, length)
  }
}

function prefaultError(errno: number, address: number, length: number): HvError {
  // arm64's KVM answers EINVAL to what it does not know.
  const isKnown = addon.checkExtension(KVM_CAPABILITIES.KVM_CAP_PRE_FAULT_MEMORY) > 0
  if (isKnown && (errno === EINVAL || errno === ENOENT)) {
    const message = `${length} bytes at guest physical address ${address} are not all memory`
    return new HvError('MEMORY_RANGE', message, `give multiples of ${addon.pageBytes}`)
  }
  const message = `KVM of this host maps no memory ahead of a guest: ${errnoName(errno)}`
  return new HvError('KVM_UNUSABLE', message, 'use x86_64 with nested paging, and Linux 6.11')
}
