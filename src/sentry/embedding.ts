// Embedding: what who makes a kernel may give it, or be told of: fields that are undefined, or empty, without.

import type {Debugging} from './debugging.ts'
import type {CallPatches} from './memory/call-patches.ts'
import type {MemoryMap} from './memory/memory-map.ts'
import type {Process} from './process.ts'
import type {PendingSignal} from './signals/pending.ts'
import type {Task} from './task.ts'
import type {Vdso} from './vdso.ts'

export class Embedding {
  /** For a new program's memory; absent: its call sites are left as they are. */
  patchCalls: ((map: MemoryMap) => CallPatches) | undefined
  /** The vDSO's variables; absent: programs make system calls for the time. */
  vdso: Vdso | undefined
  /** What a program's FP state begins with. */
  initialFpState: Uint8Array = new Uint8Array(0)
  /** Called for ready host descriptors that no task waits for: the embedder's. */
  onReady: ((fd: number) => void) | undefined
  /** Takes signals that the host has for the guest: a terminal's keys come in the order in which they were typed. */
  takeHostSignals: (() => void) | undefined
  /** Called when a process was killed because memory was full, its own or what the sentry keeps for it: the embedder's. */
  onOutOfMemory: ((process: Process) => void) | undefined
  /** Called when a signal has stopped a process: the embedder's. */
  onStopped: ((process: Process, signal: number) => void) | undefined
  /** Called before such a signal ends a task's process: the embedder's. */
  onCore: ((task: Task, pending: PendingSignal) => void) | undefined
  /** Who stops a program and looks into it. */
  debugging: Debugging | undefined
}
