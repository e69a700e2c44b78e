// Which platform somebody may ask for.

export type PlatformChoice = 'auto' | 'kvm' | 'ptrace'

export const PLATFORM_CHOICES: readonly PlatformChoice[] = ['auto', 'kvm', 'ptrace']

/** What runs guests, and why that: for people. */
export interface ChosenPlatform {
  name: string
  reason: string
}
