// Which platform can be asked for, and the limits of a guest's size.

import type {Costs} from './costs.ts'

/** What runs guests. `auto`: KVM if its trap works, else ptrace. @see {@link SandboxOptions} */
export type PlatformChoice = 'auto' | 'kvm' | 'ptrace'

export const PLATFORM_CHOICES: readonly PlatformChoice[] = ['auto', 'kvm', 'ptrace']

/**
 * The most CPUs of a guest: as many as every platform supports, even KVM with a GICv2. It is HV_STUB_THREADS of native/shim/stub.h.
 */
export const MAX_CPUS = 8

/** Default guest memory: backed lazily, though KVM takes some 6 us for each MiB of a slot, at every start. */
export const DEFAULT_MEMORY_BYTES = 2 ** 29

/**
 * What runs guests, and why, for people to read.
 *
 * @example
 * const {name, reason, costs} = sandbox.platform
 * console.log(name, reason, costs.trapNs) // e.g. kvm its trap works 1520
 */
export interface ChosenPlatform {
  /** `kvm` or `ptrace`. */
  name: string
  /** Why, in a few words. */
  reason: string
  /** How long traps take on this host. */
  costs: Costs
}
