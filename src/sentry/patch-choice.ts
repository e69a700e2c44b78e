// Which call sites are patched: the choice that the command and embedders have, and what follows from it.

import {arch} from '../arch/index.ts'
import type {Platform} from '../platform/platform.ts'
import type {Counters} from './counters.ts'
import {CallPatches} from './memory/call-patches.ts'
import type {MemoryMap} from './memory/memory-map.ts'

/** `auto`: those that trap often; `always`: each at its first trap, for tests; `never`. */
export type PatchChoice = (typeof PATCH_CHOICES)[number]

export const PATCH_CHOICES = ['auto', 'always', 'never'] as const

/** How often a site traps before it is patched: a patch costs as much as some traps. */
const FREQUENT = 16

/** @returns undefined: none is patched */
export function callPatcher(
  platform: Platform,
  counters: Counters,
  choice: PatchChoice = 'auto',
): ((map: MemoryMap) => CallPatches) | undefined {
  if (arch.callSites === undefined || choice === 'never') return undefined
  const gate = platform.openCallGate()
  if (gate === 0) return undefined
  const count = () => void counters.patchedSites++
  return (map) => new CallPatches(map, gate, choice === 'always' ? 1 : FREQUENT, count)
}
