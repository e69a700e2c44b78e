// ProgramView: a stopped process as a debugger sees it: threads, registers, memory.

import type {RegisterLayout} from '../../gdb/register-layout.ts'
import type {PointKind} from '../../gdb/target.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {Points} from './points.ts'
import {ProgramFiles} from './program-files.ts'
import {stateOf} from './task-state.ts'
import {leaveCall, newThread, type Thread} from './thread.ts'
import {layoutFor, pack, unpack} from './thread-registers.ts'

export class ProgramView {
  readonly layout: RegisterLayout
  protected readonly process: Process
  protected readonly points = new Points()
  protected readonly known = new Map<Task, Thread>()

  readonly files: ProgramFiles

  constructor(kernel: Kernel, process: Process) {
    this.process = process
    this.files = new ProgramFiles(kernel, process)
    this.layout = layoutFor(kernel.initialFpState)
  }

  get pid(): number {
    return this.process.pid
  }

  threads(): readonly number[] {
    return this.process.tasks.map(({tid}) => tid)
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

  readMemory(address: bigint, length: number): Uint8Array {
    const start = this.#address(address)
    if (start === undefined) return new Uint8Array(0)
    return this.points.breakpoints.read(this.process.memoryMap, start, length)
  }

  writeMemory(address: bigint, bytes: Uint8Array): boolean {
    const start = this.#address(address)
    return start !== undefined && this.points.breakpoints.write(this.process.memoryMap, start, bytes)
  }

  addPoint(kind: PointKind, address: bigint, length: number): boolean | undefined {
    // Reads leave no trace to compare.
    if (kind === 'read' || kind === 'access') return undefined
    const start = this.#address(address)
    return start !== undefined && this.points.add(this.process.memoryMap, kind, start, length)
  }

  removePoint(kind: PointKind, address: bigint, length: number): void {
    const start = this.#address(address)
    if (start !== undefined) this.points.remove(this.process.memoryMap, kind, start, length)
  }

  auxv(): Uint8Array {
    return this.process.program.auxv
  }

  signalInfo(thread: number): Uint8Array | undefined {
    const task = this.task(thread)
    return task && this.of(task).signal?.info
  }

  executable(): string | undefined {
    return unlessErrno(() => this.files.readlink(`/proc/${this.pid}/exe`))
  }

  protected of(task: Task): Thread {
    const known = this.known.get(task)
    if (known !== undefined) return known
    const thread = newThread()
    this.known.set(task, thread)
    return thread
  }

  protected task(tid: number): Task | undefined {
    return this.process.tasks.find((task) => task.tid === tid)
  }

  #address(address: bigint): number | undefined {
    return address < BigInt(this.process.memoryMap.userTop) ? Number(address) : undefined
  }
}
