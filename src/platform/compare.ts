// Whether another platform would be clearly faster for what a program did, from what traps cost on each here.

import {CLEARLY, type Costs, KVM_IS_FOR} from './costs.ts'
import {loadCosts} from './host-costs.ts'
import {openPlatform} from './open.ts'
import type {PlatformStats} from './platform.ts'

const MEMORY_BYTES = 16 << 20
const PLATFORMS = ['kvm', 'ptrace'] as const

export interface FasterPlatform {
  name: string
  /** The factor by which the same traps would have been faster there. */
  times: number
  /** What only the platform that ran it offers. */
  givenUp?: string
}

/** Measures what traps cost on each platform where that is not known yet. Precondition: no platform has this thread pinned. */
export async function measureAll(): Promise<void> {
  for (const name of PLATFORMS) {
    if (loadCosts(process.env, name) !== undefined) continue
    try {
      const {platform} = await openPlatform(name, MEMORY_BYTES)
      platform[Symbol.dispose]()
    } catch {
      // The platform does not work here.
    }
  }
}

/** @returns undefined when none is clearly faster, or known */
export function fasterPlatform(name: string, costs: Costs, stats: PlatformStats): FasterPlatform | undefined {
  const other = name === 'kvm' ? 'ptrace' : 'kvm'
  const known = loadCosts(process.env, other)?.costs
  const times = known && trapsNs(costs, stats) / trapsNs(known, stats)
  if (times === undefined || !(times > CLEARLY)) return undefined
  return {name: other, times, ...(other === 'ptrace' && {givenUp: KVM_IS_FOR})}
}

/** A platform is assumed to find as large a part of the traps by polling as the other one did. */
export function trapsNs(
  {trapNs, polledNs = trapNs}: Costs,
  {exits, polled}: Pick<PlatformStats, 'exits' | 'polled'>,
): number {
  return exits * trapNs + polled * polledNs
}
