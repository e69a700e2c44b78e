// checkExtension: asks KVM of this host for a capability.

import {addon} from '../addon.ts'
import * as takes from '../options.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import {openError, orThrow} from './open-error.ts'

/** A capability's name in linux/kvm.h: `KVM_CAP_…`. @see {@link checkExtension} */
export type KvmCapability = `KVM_CAP_${string}`

const capability = takes.either(
  [takes.oneOf(Object.keys(KVM_CAPABILITIES)), takes.integer(0, 2 ** 31 - 1)],
  'the name of a capability (KVM_CAP_…), or its number',
)

/**
 * Asks KVM of this host for a capability (KVM_CHECK_EXTENSION; Linux, Documentation/virt/kvm/api.rst).
 * @param name as in linux/kvm.h; or the number of one that hv does not know yet
 * @returns 0: KVM does not have it, or does not know it; otherwise 1, or what api.rst says of it, such as how many vCPUs a VM can have
 * @throws HvError BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE
 *
 * @example
 * console.log(checkExtension('KVM_CAP_USER_MEMORY')) // 1
 * console.log(checkExtension('KVM_CAP_MAX_VCPUS') > 1) // true
 */
export function checkExtension(name: KvmCapability | number): number {
  takes.checked(capability, name, 'name')
  const number = typeof name === 'number' ? name : KVM_CAPABILITIES[name as keyof typeof KVM_CAPABILITIES]
  return orThrow(() => addon.checkExtension(number), openError)
}
