// Patched call sites while a debugger looks at the code.

import {describe, expect, test} from 'vitest'
import {CALL, callAt, FREQUENT, siteOf, start, target} from './patched-guest.ts'

describe('a patched call site', () => {
  test('is restored while a debugger holds the code, and patched again when it has left', () => {
    const {guest, patches, trap, site, patched} = start()
    trap(site)
    patches.hold()
    trap(site, 100 * FREQUENT)
    expect([callAt(guest, site), patched()]).toEqual([CALL, 1])
    patches.release()
    trap(site)
    expect(patched()).toBe(2)
    expect(target(guest, site)).not.toBe(undefined)
  })

  test('is told by its trampoline also when it is restored: a task may still be there', () => {
    const {guest, patches, trap, site} = start()
    trap(site)
    const trampoline = target(guest, site)!
    const before = siteOf(patches, trampoline)
    patches.hold()
    expect(siteOf(patches, trampoline)).toBe(before)
  })
})
