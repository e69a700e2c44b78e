// Which platform somebody may ask for.

import type {Costs} from './costs.ts'

export type PlatformChoice = 'auto' | 'kvm' | 'ptrace'

export const PLATFORM_CHOICES: readonly PlatformChoice[] = ['auto', 'kvm', 'ptrace']

/**
 * How many CPUs a guest may have: what every platform can give, a GICv2's KVM too. It is HV_STUB_THREADS of native/shim/stub.h.
 */
export const MAX_CPUS = 8

/** What runs guests, and why that: for people. */
export interface ChosenPlatform {
  name: string
  reason: string
  /** What traps take on this host. */
  costs: Costs
}
