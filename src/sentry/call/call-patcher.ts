// callPatcher: what the choice of patched call sites means for a platform.

import {arch} from '../../arch/index.ts'
import type {Platform} from '../../platform/platform.ts'
import {CallPatches} from '../memory/call-patches.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import type {PatchChoice} from './patch-choice.ts'

/** How many times a site traps before it is patched: a patch costs as much as some traps. */
const FREQUENT = 16

/**
 * @param count called for each site that is patched
 * @returns undefined: none is patched
 */
export function callPatcher(
  platform: Platform,
  count: () => void,
  choice: PatchChoice = 'auto',
): ((map: MemoryMap) => CallPatches) | undefined {
  if (choice === 'never') return undefined
  const isForced = choice === 'always'
  const gate = platform.openCallGate(isForced)
  if (gate === 0) return undefined
  const patching = {
    ...{sites: arch.callSites, gate, count},
    frequent: isForced ? 1 : FREQUENT,
  }
  return (map) => new CallPatches(map, patching)
}
