// Whether another platform would be clearly faster for what a program did, from what traps cost on each here.

import {CLEARLY, type Costs, KVM_IS_FOR} from './costs.ts'
import {loadCosts} from './host-costs.ts'
import {openMeasured} from './open.ts'
import type {Platform, PlatformStats} from './platform.ts'

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
  for (const name of PLATFORMS) if (loadCosts(process.env, name) === undefined) await measure(name)
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

async function measure(name: string): Promise<void> {
  const {KvmPlatform} = await import('./kvm/kvm.ts')
  const {PtracePlatform} = await import('./ptrace/ptrace.ts')
  try {
    using _platform: Platform = openMeasured(() =>
      name === 'kvm' ? new KvmPlatform(MEMORY_BYTES) : new PtracePlatform(MEMORY_BYTES),
    )
  } catch {
    // The platform does not work here.
  }
}
