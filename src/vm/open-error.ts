// What a failure of the addon means: in general, and to make a VM or a vCPU; and how to fix it.

import {EACCES, EBUSY, ENODEV, ENOENT, ENOMEM, ENXIO, EOPNOTSUPP, EPERM, errnoName} from '../abi/errno.ts'
import {badArgument, HvError} from '../errors.ts'

const SEE_CHECK = 'run `hv check` to see why'

/** What the addon throws: its `errno` is the host's error. */
export type Failure = Error & {errno?: number}

/** @returns what `body` does. What that throws becomes `meaning` of it */
export function orThrow<Result>(body: () => Result, meaning: (cause: Failure) => unknown): Result {
  try {
    return body()
  } catch (cause) {
    throw meaning(cause as Failure)
  }
}

export function openError(cause: Failure): HvError {
  const [code, message, nextStep] = meaningOf(cause)
  return new HvError(code, message, nextStep, {cause})
}

function meaningOf({errno, message}: Failure): [code: HvError['code'], message: string, nextStep: string] {
  switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return ['KVM_MISSING', '/dev/kvm is missing', SEE_CHECK]
    case EACCES:
    case EPERM:
      return ['KVM_DENIED', '/dev/kvm may not be opened by this user', SEE_CHECK]
    case EBUSY:
      return ['KVM_UNUSABLE', 'another hypervisor uses the processor', 'stop it and try again']
    case ENOMEM:
      return ['OUT_OF_MEMORY', 'the host has no memory for the VM', 'give a smaller `memoryBytes`']
    default:
      return ['KVM_UNUSABLE', `KVM makes no VM: ${message}`, SEE_CHECK]
  }
}

/** @param errno what the addon's `holdKvm` returned @throws HvError */
export function requireHeld(errno: number): void {
  if (errno !== 0) throw openError(Object.assign(new Error(errnoName(errno)), {errno}))
}

export function vcpuError(cause: Failure): HvError {
  switch (cause.errno) {
    case undefined:
      return badArgument(cause.message, 'give one of them as features.sve', {cause})
    case EOPNOTSUPP:
      return badArgument('only vCPUs of arm64 start switched off', 'leave startsOff out', {
        cause,
      })
    case EBUSY: {
      const message =
        'KVM makes no further vCPU: the interrupt controller has started, or protected KVM a vCPU'
      return new HvError('VCPU_FAILED', message, 'make all vCPUs before the first run', {cause})
    }
    default:
      return new HvError('VCPU_FAILED', `KVM makes no further vCPU: ${cause.message}`, '', {cause})
  }
}
