// dumpMachine: writes a machine that stands still as an ELF core file: its memory once, by physical addresses and by virtual ones.

import {PF_R, PF_W, PF_X} from '../../abi/elf.ts'
import type {CoreNote} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import {type CoreSegment, type CoreSink, MAX_SEGMENTS, writeCore} from '../../core/core-file.ts'
import {statusNote} from '../../core/notes.ts'
import {orUndefined} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import {pagingOf} from '../../vm/paging/translate.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {writtenRuns} from '../../vm/written-runs.ts'
import type {MemoryPiece} from '../boot/memory-pieces.ts'
import {cpuNotes} from './cpu-note.ts'
import {type MappedRange, mappedRanges} from './mapped-ranges.ts'
import {coreStateOf} from './vcpu-registers.ts'
import {findVmcoreinfo} from './vmcoreinfo.ts'

const PIECE_BYTES = 2 ** 20
const PAGE_BYTES = 4096
const WORD_BYTES = 4
const flags = PF_R | PF_W | PF_X

export interface StoppedMachine {
  /** All are stopped. */
  readonly vcpus: readonly Vcpu[]
  readonly memory: Pick<GuestMemory, 'view'>
  /** The parts of `memory` that exist, in order. */
  readonly pieces: readonly MemoryPiece[]
  /** The signal that ended it; 0: none, or it runs on. */
  readonly signal: number
}

/** @throws what the sink throws */
export function dumpMachine(stopped: StoppedMachine, sink: CoreSink): void {
  const {vcpus, memory, pieces, signal} = stopped
  const vmcoreinfo = findVmcoreinfo(memory, pieces)
  const physical = pieces.map(({address, bytes}) => segmentOf(address, bytes))
  writeCore(sink, {
    notes: [
      ...vcpus.flatMap((vcpu, index) => notesOf(vcpu, index, signal)),
      ...vcpus.flatMap(cpuNotes),
      ...(vmcoreinfo ? [{owner: 'VMCOREINFO', type: 0, bytes: vmcoreinfo}] : []),
    ],
    // A debugger takes the first segment that has an address: addresses that no table maps are physical.
    segments: [...virtualSegments(stopped, physical), ...physical],
    // As in dumps of Linux and QEMU: crash(8) takes a core with another one for an older kind of dump.
    alignment: 0,
    contents({address, length}, give) {
      for (let at = 0; at < length; ) {
        // A view lies in one memory slot, and slots begin and end at a multiple of this.
        const bytes = memory.view(
          address + at,
          Math.min(PIECE_BYTES - ((address + at) % PIECE_BYTES), length - at),
        )
        for (const run of writtenRuns(bytes, PAGE_BYTES))
          give(bytes.subarray(run.offset, run.offset + run.length), at + run.offset)
        at += bytes.length
      }
    },
  })
}

/** As in QEMU's dumps: CPUs are threads, from 1 on. */
function notesOf(vcpu: Vcpu, index: number, signal: number): CoreNote[] {
  const ids = {pid: index + 1, parent: 0, group: 0, session: 0}
  const state = coreStateOf(vcpu)
  const registers = arch.debug.coreRegisters(state.general)
  const status = statusNote({...ids, signal, pending: 0n, blocked: 0n, cpuNs: 0, registers})
  return [status, ...arch.debug.coreNotes(state)]
}

/** Uses the tables of the first vCPU that has any: kernels share their own half between all tables. */
function virtualSegments({vcpus, memory}: StoppedMachine, physical: readonly CoreSegment[]): CoreSegment[] {
  const readTable = (address: number, words: number): Uint32Array | undefined => {
    const bytes = orUndefined(() => memory.view(address, words * WORD_BYTES))
    return bytes && new Uint32Array(bytes.buffer, bytes.byteOffset, words)
  }
  for (const vcpu of vcpus) {
    const ranges = mappedRanges(pagingOf(vcpu.registers).trees, readTable)
    if (ranges.length === 0) continue
    const parts = ranges.flatMap((range) => partsOf(range, physical))
    return parts.slice(0, MAX_SEGMENTS - 1 - physical.length)
  }
  return []
}

/** The parts of a range that are memory. */
function partsOf(range: MappedRange, physical: readonly CoreSegment[]): CoreSegment[] {
  return physical.flatMap((segment) => {
    const begin = segment.address
    const from = Math.max(range.physical, begin)
    const end = Math.min(range.physical + range.length, begin + segment.length)
    if (from >= end) return []
    const virtual = range.address + BigInt(from - range.physical)
    return [{...segmentOf(from, end - from), virtual, partOf: {segment, offset: from - begin}}]
  })
}

/** @param address physical */
const segmentOf = (address: number, length: number): CoreSegment => ({
  ...{address, physical: address, length, flags},
  isDumped: true,
})
