// Where a debugger's breakpoints go: into registers, into memory, nowhere.

import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import type {PointKind} from '../../../../src/gdb/target.ts'
import {Points} from '../../../../src/machine/debug/points.ts'
import type {DebugLimits} from '../../../../src/vm/debug.ts'

const full: DebugLimits = {
  singleStep: true,
  softwareBreakpoints: true,
  breakpoints: 2,
  watchpoints: 2,
  shared: true,
}
const trap = arch.debug.breakpoint

function bench(limits: Partial<DebugLimits> = {}) {
  const bytes = new Uint8Array(0x100).fill(7)
  const points = new Points(
    {...full, ...limits},
    {
      read: (at, length) => bytes.slice(at, at + length),
      write: (at, some) => bytes.set(some, at),
    },
  )
  const add = (kind: PointKind, at: number, place: number | undefined = at) =>
    points.add({kind, address: BigInt(at), length: 4, place})
  return {points, bytes, add}
}

test('registers come first, and then memory, which is as it was when the machine stands still', () => {
  const {points, bytes, add} = bench()
  expect([0x10, 0x20, 0x30].map((at) => add('software', at))).toEqual([true, true, true])
  expect(points.asked).toMatchObject({breakpoints: [0x10n, 0x20n], softwareBreakpoints: true})
  points.place()
  expect(bytes.slice(0x30, 0x30 + trap.length)).toEqual(trap)
  points.lift()
  expect(bytes.every((byte) => byte === 7)).toBe(true)
})

test('one that is to be in a register drives another out of it, and back', () => {
  const {points, add} = bench()
  for (const at of [0x10, 0x20]) add('software', at)
  expect(add('hardware', 0x40)).toBe(true)
  expect(points.asked.breakpoints).toEqual([0x40n, 0x10n])
  points.remove('hardware', 0x40n, 4)
  expect(points.asked).toMatchObject({breakpoints: [0x10n, 0x20n], softwareBreakpoints: false})
})

test('without software breakpoints there are as many as registers', () => {
  const {add} = bench({softwareBreakpoints: false})
  expect([1, 2, 3].map((at) => add('software', at))).toEqual([true, true, false])
  expect(add('software', 1)).toBe(true)
})

test('what is nowhere in memory has a register, or is refused', () => {
  const {points, add} = bench()
  for (const at of [0x10, 0x20]) add('software', at)
  const nowhere = (at: bigint) => points.add({kind: 'software', address: at, length: 1, place: undefined})
  expect([0x1000n, 0x2000n, 0x3000n].map(nowhere)).toEqual([true, true, false])
  expect(points.asked.breakpoints).toEqual([0x1000n, 0x2000n])
})

test('watchpoints take registers of breakpoints where both have the same', () => {
  const {add} = bench({softwareBreakpoints: false})
  expect([add('write', 0x10), add('access', 0x20), add('read', 0x30)]).toEqual([true, true, false])
  expect(add('software', 0x10)).toBe(false)
  const apart = bench({softwareBreakpoints: false, shared: false})
  expect([apart.add('write', 0x10), apart.add('write', 0x20), apart.add('software', 0x10)]).toEqual([
    true,
    true,
    true,
  ])
})

test('what the guest has stored over a breakpoint stays, and there is an end of points', () => {
  const {points, bytes, add} = bench()
  for (const at of [0x10, 0x20, 0x30]) add('software', at)
  points.place()
  bytes.fill(9, 0x30, 0x38)
  points.lift()
  expect(bytes[0x30]).toBe(9)
  const added = Array.from({length: 3000}, (_, i) => add('software', i, i % 64)).filter(Boolean).length
  expect(added).toBeLessThan(1100)
})
