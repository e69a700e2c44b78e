// ProgramView: stopped processes as a debugger sees them: threads, registers, memory.

import type {RegisterLayout} from '../../gdb/register-layout.ts'
import type {CaughtCalls, PointKind} from '../../gdb/target.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import type {DebuggedMemory} from './debugged-memory.ts'
import {ProgramFiles} from './program-files.ts'
import {stateOf} from './task-state.ts'
import {leaveCall, newThread, type Thread} from './thread.ts'
import {layoutFor, pack, unpack} from './thread-registers.ts'

/** A debugged process. */
export interface Inferior {
  readonly process: Process
  /** execve(2) replaces it. */
  memory: DebuggedMemory
  /** At which it stops. */
  calls: CaughtCalls
  /** The debugger knows of it: it was told of the fork. */
  isTold: boolean
}

export class ProgramView {
  readonly layout: RegisterLayout
  readonly files: ProgramFiles
  protected readonly kernel: Kernel
  /** One that has ended stays until the debugger was told. */
  protected readonly inferiors = new Map<Process, Inferior>()
  protected readonly known = new Map<Task, Thread>()

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.files = new ProgramFiles(kernel, () => this.firstTask?.process)
    this.layout = layoutFor(kernel.initialFpState)
  }

  processes(): readonly number[] {
    return [...this.inferiors.keys()].map(({pid}) => pid)
  }

  /** Also of a thread that is gone, if it was its process's only one. */
  processOf(thread: number): number {
    return this.task(thread)?.process.pid ?? thread
  }

  threads(): readonly number[] {
    return this.tasks()
      .filter(({process}) => this.inferiors.get(process)!.isTold)
      .map(({tid}) => tid)
  }

  nameOf(thread: number): string {
    return this.task(thread)?.name ?? ''
  }

  readRegisters(thread: number): Uint8Array {
    const task = this.task(thread)
    return task === undefined ? new Uint8Array(this.layout.bytes) : pack(this.layout, stateOf(task))
  }

  writeRegisters(thread: number, bytes: Uint8Array): boolean {
    const task = this.task(thread)
    if (task === undefined) return false
    if (Buffer.compare(bytes, this.readRegisters(thread)) === 0) return true
    // The parent of a vfork(2) child: Linux's debuggers do not stop it either.
    if (task.wait?.onlyKillable === true) return false
    leaveCall(task, this.of(task))
    return unpack(this.layout, bytes, task)
  }

  readMemory(address: bigint, length: number, thread: number): Uint8Array {
    return (
      this.#place(address, thread, ({points, map}, start) => points.breakpoints.read(map, start, length)) ??
      new Uint8Array(0)
    )
  }

  writeMemory(address: bigint, bytes: Uint8Array, thread: number): boolean {
    return (
      this.#place(address, thread, ({points, map}, start) => points.breakpoints.write(map, start, bytes)) ??
      false
    )
  }

  addPoint(kind: PointKind, address: bigint, length: number, thread: number): boolean | undefined {
    return (
      this.#place(address, thread, ({points, map}, start) => points.add(map, kind, start, length)) ?? false
    )
  }

  removePoint(kind: PointKind, address: bigint, length: number, thread: number): boolean {
    return (
      this.#place(address, thread, ({points, map}, start) => points.remove(map, kind, start, length)) ?? true
    )
  }

  auxv(thread: number): Uint8Array | undefined {
    return this.task(thread)?.process.program.auxv
  }

  signalInfo(thread: number): Uint8Array | undefined {
    const task = this.task(thread)
    return task && this.of(task).signal?.info
  }

  executable(process = this.firstTask?.process.pid): string | undefined {
    return process === undefined ? undefined : unlessErrno(() => this.files.readlink(`/proc/${process}/exe`))
  }

  get hasProcess(): boolean {
    return this.firstTask !== undefined
  }

  /** Those of all inferiors. */
  protected tasks(): Task[] {
    return [...this.inferiors.keys()].flatMap(({tasks}) => tasks)
  }

  protected get firstTask(): Task | undefined {
    return this.tasks()[0]
  }

  protected of(task: Task): Thread {
    const known = this.known.get(task)
    if (known !== undefined) return known
    const thread = newThread()
    this.known.set(task, thread)
    return thread
  }

  protected task(tid: number): Task | undefined {
    const task = this.kernel.tasks.get(tid)
    return task !== undefined && this.inferiors.has(task.process) ? task : undefined
  }

  /** That in which a task may meet a breakpoint: also the memory that a process which is not debugged shares. */
  protected memoryOf({process}: Task): DebuggedMemory | undefined {
    const own = this.inferiors.get(process)?.memory
    return own ?? [...this.inferiors.values()].find(({memory}) => memory.space === process.space)?.memory
  }

  #place<T>(
    address: bigint,
    thread: number,
    act: (memory: DebuggedMemory, start: number) => T,
  ): T | undefined {
    const process = this.task(thread)?.process
    const memory = process && this.inferiors.get(process)!.memory
    return memory !== undefined && address < BigInt(memory.map.userTop)
      ? act(memory, Number(address))
      : undefined
  }
}
