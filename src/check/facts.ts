// What every check looks at, read once: the host, its surroundings, and what /dev/kvm answered.

import type {KvmProbe} from './addon.ts'
import type {Finding} from './finding.ts'
import type {Host} from './host.ts'
import type {Surroundings} from './surroundings.ts'

export const KVM_DEVICE = '/dev/kvm'

export interface Capability {
  /** Without KVM_CAP_. */
  name: string
  /** linux/kvm.h. */
  number: number
  /** What hv does with it, as "so that …" would go on. */
  use: string
  isRequired: boolean
}

export interface Facts {
  host: Host
  surroundings: Surroundings
  kvm: KvmProbe
  /** Those that `kvm.extensions` answers, in the same order. */
  capabilities: readonly Capability[]
}

/** One or more findings about one subject; none when the subject does not exist here. */
export type Check = (facts: Facts) => Finding[]

/** The device opened and made a VM: whatever else looks wrong, KVM works. */
export function makesVms({kvm}: Facts): boolean {
  return kvm.openErrno === 0 && kvm.apiVersion >= 0 && kvm.createVmErrno === 0
}
