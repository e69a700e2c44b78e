// The errors of a guest that cannot go on.

import {HvError} from '../errors.ts'

export const failed = (message: string, nextStep = 'correct the guest'): HvError =>
  new HvError('VCPU_FAILED', message, nextStep)

/** @param hardwareReason what the exit `fail-entry` has: a state that the processor refuses, or what KVM asks of it that it cannot do */
export const notEntered = (hardwareReason: bigint): HvError =>
  failed(
    `the processor does not enter the guest: reason 0x${hardwareReason.toString(16)}`,
    "correct the guest's state, or see the host's kernel log",
  )
