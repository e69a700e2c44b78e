// dumpCore: writes a process that a signal is about to kill as an ELF core file.

import type {SignalInfo} from '../../abi/siginfo.ts'
import type {SignalSet} from '../../abi/signal-set.ts'
import type {CoreNote} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import {type CoreSink, writeCore} from '../../core/core-file.ts'
import {
  auxvNote,
  filesNote,
  type MappedFile,
  type ProcessIds,
  processNote,
  signalNote,
  statusNote,
} from '../../core/notes.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {VM_SPECIAL} from '../memory/vma.ts'
import {coreSegments, segmentContents} from './core-segments.ts'
import {stateOf} from './task-state.ts'

/**
 * Precondition: none of its tasks runs (Kernel.standStill).
 * @param task the one that took the signal
 * @throws what the sink throws
 */
export function dumpCore(task: Task, signal: number, info: SignalInfo, sink: CoreSink): void {
  const {process} = task
  const map = process.memoryMap
  const others = process.tasks.filter((other) => other !== task)
  writeCore(sink, {
    notes: [
      ...threadNotes(task, signal, ofProcess(task, info)),
      ...others.flatMap((other) => threadNotes(other, signal)),
    ],
    segments: coreSegments(map),
    contents: (segment, give) => segmentContents(map, segment, give),
  })
}

function idsOf(process: Process, pid: number): ProcessIds {
  const {group, session} = process.job
  return {pid, parent: process.family.parentPid, group, session}
}

/** @param between what Linux puts after the first thread's status */
function threadNotes(task: Task, signal: number, between: readonly CoreNote[] = []): CoreNote[] {
  const state = stateOf(task)
  const {signals, process} = task
  const status = statusNote({
    ...idsOf(process, task.tid),
    signal,
    pending: bits(signals.pendingSet),
    blocked: bits(signals.mask),
    cpuNs: task.cpuTimeNs(task.kernel.monotonicNs()),
    registers: arch.debug.coreRegisters(state.general),
  })
  return [status, ...between, ...arch.debug.coreNotes(state)]
}

function ofProcess({process, name, credentials, scheduling}: Task, info: SignalInfo): CoreNote[] {
  const {pid, program, memoryMap} = process
  const {ruid: uid, rgid: gid} = credentials
  return [
    processNote({...idsOf(process, pid), uid, gid, nice: scheduling.nice, name, argv: program.argv}),
    signalNote(info),
    auxvNote(program.auxv),
    filesNote(mappedFiles(memoryMap), PAGE_SIZE),
  ]
}

function* mappedFiles(map: MemoryMap): Generator<MappedFile> {
  for (const {start, end, flags, backing, pageOffset} of map.vmas)
    if (backing !== undefined && !(flags & VM_SPECIAL))
      yield {start, end, page: pageOffset, path: backing.path}
}

function bits({low, high}: SignalSet): bigint {
  return BigInt(low >>> 0) | (BigInt(high >>> 0) << 32n)
}
