// What a failure to make a VM or a vCPU means, and how to fix it.

import {EACCES, EBUSY, ENODEV, ENOENT, ENOMEM, ENXIO, EOPNOTSUPP, EPERM, errnoName} from '../abi/errno.ts'
import {HvError} from '../errors.ts'

/** @param error from the addon: its `errno` is the host's error */
export function openError(error: Error & {errno?: number}): HvError {
  const options = {cause: error}
  switch (error.errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return new HvError('KVM_MISSING', '/dev/kvm is missing', 'run `hv check` to see why', options)
    case EACCES:
    case EPERM:
      return new HvError(
        'KVM_DENIED',
        '/dev/kvm may not be opened by this user',
        'run `hv check` to see why',
        options,
      )
    case EBUSY:
      return new HvError(
        'KVM_UNUSABLE',
        'another hypervisor uses the processor',
        'stop it and try again',
        options,
      )
    case ENOMEM:
      return new HvError(
        'OUT_OF_MEMORY',
        'the host has no memory for the VM',
        'give a smaller `memoryBytes`',
        options,
      )
    default:
      return new HvError(
        'KVM_UNUSABLE',
        `KVM makes no VM: ${error.message}`,
        'run `hv check` to see why',
        options,
      )
  }
}

/** @param errno what the addon's `holdKvm` returned @throws HvError */
export function requireHeld(errno: number): void {
  if (errno !== 0) throw openError(Object.assign(new Error(errnoName(errno)), {errno}))
}

/** @param cause from the addon */
export function vcpuError(cause: Error & {errno?: number}): HvError {
  switch (cause.errno) {
    case EOPNOTSUPP:
      return new HvError('BAD_ARGUMENT', 'only vCPUs of arm64 start switched off', 'leave startsOff away', {
        cause,
      })
    case EBUSY: {
      const message = 'KVM makes no further vCPU: the interrupt controller has started'
      return new HvError('VCPU_FAILED', message, 'make all vCPUs before the first run', {cause})
    }
    default:
      return new HvError('VCPU_FAILED', `KVM makes no further vCPU: ${cause.message}`, '', {cause})
  }
}
