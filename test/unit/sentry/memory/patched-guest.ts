// A process with a file of code, whose call sites trap when told to.

import {arch} from '../../../../src/arch/index.ts'
import {CallPatches} from '../../../../src/sentry/memory/call-patches.ts'
import type {Backing} from '../../../../src/sentry/memory/vma.ts'
import {MIB, SimulatedFile, SimulatedGuest} from './simulated-guest.ts'

export const PAGE = 4096
export const READ_EXEC = 5
const GATE = 88
export const FREQUENT = 3
export const NUMBER = 39
export const sites = arch.callSites
/** mov $39, %eax; syscall. mov x8, #39; svc #0. */
export const CALL =
  arch.name === 'x86_64' ? [0xb8, NUMBER, 0, 0, 0, 0x0f, 0x05] : [0xe8, 0x04, 0x80, 0xd2, 1, 0, 0, 0xd4]
/** Where the jump lies, relative to the site's end. */
export const JUMP = arch.name === 'x86_64' ? -7 : -4
/** Where the site ends. */
export const END = 0x108

interface Start {
  pages?: number
  flags?: number
  protection?: number
  frequent?: number
  canWrite?: boolean
  call?: readonly number[]
  /** The bytes after the call. */
  padding?: readonly number[]
}

export function start({
  pages = 2,
  flags = 0,
  protection = READ_EXEC,
  frequent = FREQUENT,
  canWrite = false,
  call = CALL,
  padding = [],
}: Start = {}) {
  const guest = new SimulatedGuest(4 * MIB)
  const file = new SimulatedFile(guest.memory, pages, !canWrite)
  for (const offset of file.offsets) guest.memory.bytes.set([...call, ...padding], offset + END - call.length)
  const code = guest.map.map({length: pages * PAGE, protection, backing: backingOf(file), flags})
  for (let i = 0; i < pages; i++) guest.fetch(code + i * PAGE)
  let count = 0
  let reads = 0
  const caller = {
    readRegisters() {
      reads++
      return new BigUint64Array(arch.registerCount)
    },
    writeRegisters() {},
  }
  const patches = new CallPatches(guest.map, {
    ...{sites, gate: GATE, frequent},
    count: () => count++,
  })
  const trap = (site: number, times = FREQUENT, at = patches) => {
    for (let i = 0; i < times; i++)
      at.note({callSite: site, callNumber: NUMBER, argumentWords: new Int32Array(12)})
  }
  return {
    guest,
    file,
    code,
    patches,
    trap,
    site: code + END,
    patched: () => count,
    caller,
    reads: () => reads,
  }
}

export const bytesAt = (guest: SimulatedGuest, address: number, length: number) =>
  Array.from({length}, (_, i) => guest.load(address + i) as number)

export const callAt = (guest: SimulatedGuest, site: number) => bytesAt(guest, site - CALL.length, CALL.length)

/** Where the jump of `site` leads; undefined: it has no jump. */
export function target(guest: SimulatedGuest, site: number): number | undefined {
  const jump = site + JUMP
  const word = (at: number) => new DataView(Uint8Array.from(bytesAt(guest, at, 4)).buffer).getInt32(0, true)
  if (arch.name === 'x86_64') return guest.load(jump) === 0xe9 ? jump + 5 + word(jump + 1) : undefined
  return word(jump) >>> 26 === 5 ? jump + ((word(jump) << 6) >> 4) : undefined
}

/** Where a program at `address` goes on when it is taken out of its trampoline; undefined: it is in none. */
export function siteOf(patches: CallPatches, address: number): number | undefined {
  const registers = new BigUint64Array(arch.registerCount)
  arch.setProgramCounter(registers, address)
  return patches.leaveTrampoline(registers) ? arch.programCounter(registers) : undefined
}

export function backingOf(mappable: SimulatedFile): Backing {
  return {mappable, path: '/code', dev: 1, ino: 2, punch() {}}
}
