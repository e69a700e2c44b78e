// Patched call sites: which ones, what the program's memory then holds, and when its code becomes what its file says again.

import {describe, expect, test, vi} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import {ResourceLimits} from '../../../../src/sentry/core/resource-limits.ts'
import {forkMap} from '../../../../src/sentry/memory/fork.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {remap} from '../../../../src/sentry/memory/remap.ts'
import {VM_SHARED, VM_TRAMPOLINES} from '../../../../src/sentry/memory/vma.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {
  bytesAt,
  CALL,
  callAt,
  END,
  FREQUENT,
  JUMP,
  PAGE,
  READ_EXEC,
  siteOf,
  sites,
  start,
  target,
} from './patched-guest.ts'
import {errnoOf, SimulatedGuest, type SimulatedSpace} from './simulated-guest.ts'

describe('a call site', () => {
  test('that traps often jumps to its trampoline; its file stays as it is', () => {
    const {guest, file, trap, site, patched} = start()
    trap(site, FREQUENT - 1)
    expect(target(guest, site)).toBe(undefined)
    trap(site, 1)
    const trampoline = target(guest, site)!
    expect(bytesAt(guest, trampoline, 8)).not.toEqual(Array(8).fill(0))
    const inFile = file.offsets[0] + END
    expect([...guest.memory.bytes.subarray(inFile - CALL.length, inFile)]).toEqual(CALL)
    expect(patched()).toBe(1)
  })

  test('is told by every address in its trampoline, and by no other', () => {
    const {guest, patches, trap, site} = start()
    trap(site)
    const trampoline = target(guest, site)!
    for (const at of [0, 4, 12]) expect(siteOf(patches, trampoline + at)).toBe(site + JUMP)
    for (const other of [
      site,
      trampoline - 1,
      trampoline + sites.trampolineBytes,
      trampoline + PAGE,
      0,
      2 ** 47,
    ])
      expect(siteOf(patches, other)).toBe(undefined)
  })

  test.each([
    ['shared code', {flags: VM_SHARED}],
    ['code that can be written', {protection: 7}],
    ['what cannot be executed', {protection: 1}],
  ])('in %s stays', (_, how) => {
    const {guest, trap, site, patched} = start(how)
    trap(site, 10 * FREQUENT)
    expect([target(guest, site), patched()]).toEqual([undefined, 0])
  })

  test('that the program has written stays', () => {
    const {guest, code, trap, site, patched} = start()
    protect(guest.map, code, code + PAGE, 3)
    guest.store(code, 1)
    protect(guest.map, code, code + PAGE, READ_EXEC)
    trap(site, 10 * FREQUENT)
    expect(patched()).toBe(0)
  })

  test('that the program has written stays, also once fork has guarded it', () => {
    const {guest, code, trap, site, patched} = start()
    protect(guest.map, code, code + PAGE, 3)
    guest.store(code, 1)
    protect(guest.map, code, code + PAGE, READ_EXEC)
    forkMap(guest.map, new ResourceLimits(), new Budget(), false).clear()
    trap(site, 10 * FREQUENT)
    expect(patched()).toBe(0)
    expect(guest.load(code)).toBe(1)
  })

  test('gives way, with its trampolines, to what is mapped where only they are', () => {
    const {guest, trap, site} = start()
    trap(site)
    const trampolines = Math.floor(target(guest, site)! / PAGE) * PAGE
    guest.map.map({address: trampolines, fixed: 'keep', length: PAGE, protection: 1})
    expect(guest.map.vmas.at(trampolines)!.name).toBe('')
    guest.fetch(site - 1)
    expect(target(guest, site)).toBe(undefined)
  })

  test('in a file that programs can write to stays', () => {
    const {guest, trap, site, patched} = start({canWrite: true})
    trap(site, 10 * FREQUENT)
    expect([target(guest, site), patched()]).toEqual([undefined, 0])
  })

  test.each([0, 1, 6, 4096 + 5, 0x7fff_ffff_f000, 2 ** 47, 2 ** 63, 2 ** 64 - 1, -(2 ** 63)])(
    'at %d, where there is none, is none',
    (site) => {
      const {code, trap, patched} = start()
      trap(site, 10 * FREQUENT)
      trap(code + site, 10 * FREQUENT)
      expect(patched()).toBe(0)
    },
  )

  test('whose bytes lie in two pages stays', () => {
    const {guest, file, code, trap, patched} = start()
    guest.memory.bytes.set(CALL.slice(0, 3), file.offsets[0] + PAGE - 3)
    guest.memory.bytes.set(CALL.slice(3), file.offsets[1])
    trap(code + PAGE + 4, 10 * FREQUENT)
    expect(patched()).toBe(0)
  })

  test('is patched in a page of a memory that is full, or stays: nothing is lost', () => {
    const {guest, trap, site, patched} = start()
    while (errnoOf(() => guest.memory.allocate(PAGE)) === 0) {}
    trap(site, 10 * FREQUENT)
    expect(patched()).toBe(0)
    expect(callAt(guest, site)).toEqual(CALL)
  })
})

describe('patched code', () => {
  const isPatched = (guest: SimulatedGuest, site: number) => target(guest, site) !== undefined

  test('becomes what its file says when it can be written', () => {
    const {guest, code, trap, site} = start()
    trap(site)
    protect(guest.map, code, code + PAGE, 3)
    expect(callAt(guest, site)).toEqual(CALL)
    guest.store(site - 1, 41)
    expect(callAt(guest, site)).toEqual([...CALL.slice(0, -1), 41])
  })

  test('becomes what its file says when it moves', () => {
    const {guest, code, trap, site} = start()
    trap(site)
    const moved = remap(guest.map, {
      ...{address: code, oldLength: PAGE, newLength: PAGE, mayMove: true, keepsOld: false},
      target: code - 64 * PAGE,
    })
    expect(callAt(guest, moved + END)).toEqual(CALL)
  })

  test.each([
    ['unmapped', (guest: SimulatedGuest, at: number) => guest.map.unmap(at, PAGE)],
    [
      'mapped over',
      (guest: SimulatedGuest, at: number) =>
        void guest.map.map({length: PAGE, address: at, fixed: 'replace', protection: 1}),
    ],
    ['made data', (guest: SimulatedGuest, at: number) => protect(guest.map, at, at + PAGE, 3)],
    [
      'moved',
      (guest: SimulatedGuest, at: number) =>
        void remap(guest.map, {
          address: at,
          oldLength: PAGE,
          newLength: PAGE,
          mayMove: true,
          keepsOld: false,
          target: at - 64 * PAGE,
        }),
    ],
  ])('loses its jumps when its trampolines are %s', (_, act) => {
    const {guest, patches, trap, site, code, caller, reads} = start()
    trap(site)
    trap(code + PAGE + END)
    const area = target(guest, site)!
    expect(reads()).toBe(0)
    expect(isPatched(guest, code + PAGE + END)).toBe(true)
    act(guest, area - (area % PAGE))
    expect(isPatched(guest, site)).toBe(false)
    expect(isPatched(guest, code + PAGE + END)).toBe(false)
    expect(patches.isLost).toBe(true)
    patches.leaveLost(caller)
    // The caller is out of the gate, which returns through a trampoline.
    expect(reads()).toBe(1)
  })

  test('becomes what its file says when that is cut within its page', () => {
    const {guest, file, trap, site} = start()
    trap(site)
    guest.memory.bytes.fill(0, file.offsets[0] + 0x180, file.offsets[0] + PAGE)
    guest.map.invalidate(file, 1)
    expect(callAt(guest, site)).toEqual(CALL)
  })

  test('has trampolines of its own where others were', () => {
    const {guest, code, trap, site, patches} = start()
    trap(site)
    const trampoline = target(guest, site)!
    guest.map.unmap(trampoline, PAGE)
    for (const again of [site, code + PAGE + END]) {
      guest.fetch(again)
      trap(again)
    }
    expect(target(guest, site)).toBe(trampoline)
    expect(target(guest, code + PAGE + END)).toBe(trampoline + sites.trampolineBytes)
    expect(siteOf(patches, trampoline)).toBe(site + JUMP)
  })

  test('has no trampolines where mremap has kept or moved them', () => {
    const {guest, trap, site} = start()
    trap(site)
    const address = target(guest, site)!
    const moved = remap(guest.map, {address, oldLength: PAGE, newLength: PAGE, mayMove: true, keepsOld: true})
    for (const place of [address, moved]) expect(guest.map.vmas.at(place)!.flags & VM_TRAMPOLINES).toBe(0)
  })

  test('is restored by stop, for ever', () => {
    const {guest, patches, trap, site, patched} = start()
    trap(site)
    patches.stop()
    expect(callAt(guest, site)).toEqual(CALL)
    trap(site, 100 * FREQUENT)
    expect([isPatched(guest, site), patched()]).toEqual([false, 1])
  })

  test("is a forked process's, too, which patches more without a change for its parent", () => {
    const {guest, code, patches, trap, site} = start()
    trap(site)
    const map = forkMap(guest.map, new ResourceLimits(), new Budget(), true)
    const forked = patches.fork(map)
    const child = Object.assign(Object.create(SimulatedGuest.prototype), {
      memory: guest.memory,
      space: map.pages.space as SimulatedSpace,
      map,
      faults: 0,
    }) as SimulatedGuest
    expect(siteOf(forked, target(guest, site)!)).toBe(site + JUMP)
    const second = code + PAGE + END
    trap(second, FREQUENT, forked)
    const next = target(guest, site)! + sites.trampolineBytes
    expect(siteOf(patches, next)).toBe(undefined)
    expect(isPatched(guest, second)).toBe(false)
    expect(map.pages.get(Math.floor(second / PAGE))).not.toBe(guest.map.pages.get(Math.floor(second / PAGE)))
    expect(siteOf(forked, next)).toBe(second + JUMP)
    child.map.clear()
  })

  test('leaves nothing behind', () => {
    const {guest, code, trap, site, patched} = start()
    const before = guest.memory.inUseBytes
    trap(site)
    trap(code + PAGE + END)
    expect(patched()).toBe(2)
    expect(guest.memory.inUseBytes).toBeGreaterThan(before)
    guest.map.clear()
    expect(guest.memory.inUseBytes).toBe(before)
  })

  test('stays when one more has no room within reach', () => {
    const {guest, code, trap, site, patched} = start()
    trap(site)
    vi.spyOn(sites, 'reach', 'get').mockReturnValue(0)
    trap(code + PAGE + END)
    vi.restoreAllMocks()
    expect([isPatched(guest, site), patched()]).toEqual([true, 1])
  })

  test('takes who makes the call that loses it out of its trampoline, wherever that was', () => {
    const {guest, patches, trap, site} = start()
    trap(site)
    const trampoline = target(guest, site)!
    const registers = new BigUint64Array(arch.registerCount)
    const context = {
      readRegisters: () => registers,
      writeRegisters: (written: BigUint64Array) => registers.set(written),
    }
    arch.setProgramCounter(registers, trampoline + 4)
    guest.map.map({length: PAGE, address: trampoline, fixed: 'replace', protection: READ_EXEC})
    expect(patches.isLost).toBe(true)
    patches.leaveLost(context)
    expect([patches.isLost, arch.programCounter(registers)]).toEqual([false, site + JUMP])
  })

  test('has so many trampolines and no more', () => {
    const {guest, file, code, trap, patched} = start({pages: 64, frequent: 1})
    const perPage = Math.floor(PAGE / 16) - 1
    for (let page = 0; page < 64; page++) {
      for (let i = 0; i < perPage; i++) guest.memory.bytes.set(CALL, file.offsets[page] + 16 + i * 16)
    }
    for (let page = 0; page < 64; page++) {
      for (let i = 0; i < perPage; i++) trap(code + page * PAGE + 16 + i * 16 + CALL.length, 1)
    }
    const most = (8 * PAGE) / sites.trampolineBytes
    expect(patched()).toBeLessThanOrEqual(most)
    expect(patched()).toBeGreaterThan(most / 2)
  })
})
