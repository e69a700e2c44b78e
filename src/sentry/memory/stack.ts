// Stacks: mappings that grow down when the guest touches what lies below them (mm/mmap.c, expand_downwards).

import {PAGE_SIZE, PROT_NONE} from '../../platform/platform.ts'
import {type ResourceLimits, RLIMIT_STACK} from '../core/resource-limits.ts'
import {checkExpansion} from './accounting.ts'
import {MIN_ADDRESS, STACK_GUARD_GAP} from './placement.ts'
import {VM_GROWSDOWN, type Vma} from './vma.ts'
import type {VmaList} from './vma-list.ts'

/** A stack grows by up to this much at once: one fault for 16 pages. */
const STACK_STEP = 16 * PAGE_SIZE

/** The stack above `address`, grown down to it; undefined when there is none, or it must not grow so far. */
export function growStack(vmas: VmaList, limits: ResourceLimits, address: number): Vma | undefined {
  const index = vmas.indexAfter(address)
  const stack = vmas.get(index)
  if (stack === undefined || !(stack.flags & VM_GROWSDOWN)) return undefined

  const lowest = Math.max(lowestStart(vmas.get(index - 1)), stack.end - limits.get(RLIMIT_STACK).soft)
  const page = address - (address % PAGE_SIZE)
  if (page < lowest) return undefined
  const start = Math.max(page - (page % STACK_STEP), Math.ceil(lowest / PAGE_SIZE) * PAGE_SIZE)
  try {
    checkExpansion(vmas, limits, stack.start - start, 0)
  } catch {
    return undefined
  }
  stack.start = start
  return stack
}

/** Only other stacks and inaccessible mappings may come near the stack. */
function lowestStart(below: Vma | undefined): number {
  if (below === undefined) return MIN_ADDRESS
  const needsGap = below.protection !== PROT_NONE && !(below.flags & VM_GROWSDOWN)
  return Math.max(below.end + (needsGap ? STACK_GUARD_GAP : 0), MIN_ADDRESS)
}
