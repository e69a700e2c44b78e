// TracedCall: one system call as the trace sees it, from its start to its end.

import {Errno} from '../../abi/errno.ts'
import {FrameArguments} from '../core/frame-arguments.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {UserMemory} from '../memory/user-memory.ts'
import type {Style} from './options.ts'
import {hex} from './text/number.ts'

/** Owns a copy of the argument words: the frame's are valid only while the call begins. */
export class TracedCall {
  readonly task: Task
  readonly name: string
  /** The kind words of the arguments that are shown. */
  readonly words: readonly string[]
  readonly arguments: FrameArguments
  /** By argument: a number that its kind noted at the start and needs at the end. */
  readonly notes = new Map<number, number>()
  readonly #style: Style
  readonly #halves: Int32Array

  constructor(task: Task, row: Row | undefined, words: readonly string[], style: Style) {
    this.task = task
    this.name = nameOf(task, row)
    this.words = words
    this.#style = style
    this.#halves = task.context.argumentWords.slice()
    this.arguments = new FrameArguments(this.#halves)
  }

  /** Of a string's bytes, and of an array's elements, as strace's -s. */
  get limit(): number {
    return this.#style.stringLimit
  }

  /** Of descriptors, as strace's -y. */
  get showsPaths(): boolean {
    return this.#style.showsPaths
  }

  get memory(): UserMemory {
    return this.task.memory
  }

  address(index: number): number {
    return this.arguments.address(index)
  }

  int32(index: number): number {
    return this.arguments.int32(index)
  }

  uint32(index: number): number {
    return this.arguments.uint32(index)
  }

  isNull(index: number): boolean {
    return (this.#halves[2 * index] | this.#halves[2 * index + 1]) === 0
  }

  /** All 64 bits; `0` for zero, as strace's %#x. */
  hex(index: number): string {
    return hex(this.#halves[2 * index], this.#halves[2 * index + 1])
  }

  /** `NULL`, or the address in hex. */
  pointer(index: number): string {
    return this.isNull(index) ? 'NULL' : this.hex(index)
  }

  /**
   * What `show` makes of the guest memory that pointer `index` points to; the pointer itself when it is null or does not
   * lead to memory.
   */
  follow(index: number, show: (address: number, memory: UserMemory) => string): string {
    if (this.isNull(index)) return 'NULL'
    try {
      return show(this.address(index), this.memory)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return this.hex(index)
    }
  }

  /** Like `follow`, for a structure of `bytes` bytes. */
  struct(index: number, bytes: number, show: (view: DataView) => string): string {
    return this.follow(index, (address, memory) => show(viewOf(memory.readBytes(address, bytes))))
  }
}

/** A call without a row is named after its number, as in strace. */
export function nameOf({context}: Task, row: Row | undefined): string {
  return row === undefined ? `syscall_${hex(context.callNumber, 0)}` : row.name
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
