// Programs of user-code.ts on a page of data that the test also sees, for tests of many contexts.

import {expect} from 'vitest'
import {addon} from '../../src/addon.ts'
import {arch} from '../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  PAGE_SIZE,
  type Platform,
  PROT_READ,
  PROT_WRITE,
} from '../../src/platform/platform.ts'
import {CODE_ADDRESS, spaceWith, storeCode, userCode} from './user-code.ts'

export const DATA_ADDRESS = 0x20000
/** Long enough for a program to run for a moment. */
export const SOON_NS = 20e6
/** Later than any event, on a busy machine and in a bed, too. */
export const LATE_NS = 60e9

/** A deadline. */
export const inNs = (ns: number): number => addon.monotonicNs() + ns

interface Place {
  space: AddressSpace
  /** Where the page at DATA_ADDRESS lies in the MemoryFile. */
  data: number
}

/** A space with the code, and a page of data. */
export function placeWith(platform: Platform, code: readonly number[]): Place {
  const space = spaceWith(platform, storeCode(platform, code))
  const data = platform.memory.allocate(PAGE_SIZE)
  space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ | PROT_WRITE)
  space.commit()
  return {space, data}
}

/** A context about to run the code, with `pointer` at the data, and these registers. */
export function startAt(platform: Platform, values: Record<number, number> = {}): Context {
  const context = platform.createContext()
  const registers = arch.initialRegisters(CODE_ADDRESS, 0)
  registers[userCode.pointer] = BigInt(DATA_ADDRESS)
  for (const [register, value] of Object.entries(values)) registers[Number(register)] = BigInt(value)
  context.writeRegisters(registers)
  return context
}

interface Counting extends Place {
  contexts: Context[]
}

/** `count` contexts that run `userCode.count` on one page, and have done so for a moment. */
export function runCounting(platform: Platform, count: number): Counting {
  const place = placeWith(platform, userCode.count)
  const contexts = Array.from({length: count}, () => startAt(platform))
  for (const context of contexts) platform.resume(context, place.space)
  expect(platform.wait(inNs(SOON_NS))).toBe(EVENT_DEADLINE)
  return {...place, contexts}
}

/** The word that `userCode.count` counts in. */
export const countAt = (platform: Platform, data: number): number =>
  Atomics.load(platform.memory.int32s, data / 4)

/** Waits until the count goes on. On a slow machine a wait may end before the program runs, so each is longer than the last. */
export function awaitCount(platform: Platform, data: number): void {
  const before = countAt(platform, data)
  const endNs = inNs(LATE_NS)
  for (let pauseNs = SOON_NS / 10; countAt(platform, data) === before; pauseNs *= 2) {
    expect(platform.wait(inNs(pauseNs))).toBe(EVENT_DEADLINE)
    expect(addon.monotonicNs()).toBeLessThan(endNs)
  }
}
