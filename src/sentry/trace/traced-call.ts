// TracedCall: one system call as the trace sees it, from its start to its end.

import {Errno} from '../../abi/errno.ts'
import {FrameArguments} from '../core/frame-arguments.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {UserMemory} from '../memory/user-memory.ts'
import type {Style} from './options.ts'
import {hex} from './text/number.ts'

/** Owns a copy of the argument words: the frame's are valid only while the call begins. */
export class TracedCall extends FrameArguments {
  readonly task: Task
  readonly name: string
  /** The kind words of the arguments that are shown. */
  readonly words: readonly string[]
  /** Of a string's bytes, and of an array's elements, as strace's -s. */
  readonly limit: number
  /** Of descriptors, as strace's -y. */
  readonly showsPaths: boolean
  /** By argument: a number that its kind noted at the start and needs at the end. */
  readonly notes = new Map<number, number>()

  constructor(task: Task, row: Row | undefined, words: readonly string[], style: Style) {
    super(task.context.argumentWords.slice())
    this.task = task
    this.name = nameOf(task, row)
    this.words = words
    this.limit = style.stringLimit
    this.showsPaths = style.showsPaths
  }

  get memory(): UserMemory {
    return this.task.memory
  }

  isNull(index: number): boolean {
    return this.raw(index) === 0n
  }

  /** All 64 bits; `0` for zero, as strace's %#x. */
  hex(index: number): string {
    return this.isNull(index) ? '0' : `0x${this.raw(index).toString(16)}`
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
