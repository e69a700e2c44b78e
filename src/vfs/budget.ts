// Budget: what a guest makes the sentry hold besides the guest's memory, in bytes, and how much that may be.

import {ENOMEM, Errno} from '../abi/errno.ts'

/**
 * What one of each costs at most, in bytes: V8's objects, tables and strings with it. test/unit/sentry/budget.test.ts
 * measures that it is no less. What has no row is bounded by a number of its own, or by what has one.
 */
export const COST = {
  /** A slot in a table of descriptors. */
  descriptor: 128,
  /** An open file description: its file, place and wait queue. */
  file: 1024,
  /** The same below /proc, where each lookup makes its directories anew. */
  procFile: 16_384,
  /** An inode that lies in memory, with a name of 255 bytes. */
  inode: 1536,
  /** A further name of one, or that a name of the lower layer is gone. */
  name: 512,
  /** An entry of a directory that is being read, besides its name. */
  entry: 80,
  /** A file in an epoll. */
  watch: 640,
  /** A socket, besides its open file description: its inode, name and queues. */
  socket: 2048,
  /** A message that waits at a socket, besides its bytes. */
  socketMessage: 768,
  /** An event of inotify(7) that is not read yet, with its name. */
  event: 640,
  /** A queued signal. */
  signal: 512,
  /** A timer of timer_create(2), with its signal. */
  timer: 1280,
  /** A record lock, or a flock, with the table of its file. */
  lock: 1024,
  mapping: 320,
  /** System V and POSIX IPC, without their contents: arrays and texts. */
  semaphoreSet: 1536,
  semaphoreUndo: 768,
  message: 512,
  messageQueue: 1536,
  posixQueue: 2560,
  /** A pseudo-terminal, with all that it may hold. */
  pty: 40_960,
  /** A page table of 2 MiB: TABLE_PAGES entries. */
  pageTable: 2560,
  /** A directory on the way to what is unveiled. */
  unveiledWay: 160,
} as const

/** Ordinary programs stay below. */
const MUCH_BYTES = 1 << 20

export class Budget {
  readonly limit: number
  /** Called once, when much is held: more than ordinary programs make it. */
  onMuch: (() => void) | undefined
  /** Called each time that somebody wants more than there is: of the whole. */
  onFull: (() => void) | undefined
  /** Pages that pipes were given, full or not: what Linux's pipe-user-pages-soft limits. */
  pipePages = 0
  readonly #whole: Budget | undefined
  #used = 0

  /** @param whole of which this is a part: it counts there, too */
  constructor(limit = Number.POSITIVE_INFINITY, whole?: Budget) {
    this.limit = limit
    this.#whole = whole
  }

  get used(): number {
    return this.#used
  }

  /** @throws Errno `code`, and nothing is taken */
  take(bytes: number, code = ENOMEM): void {
    this.require(bytes, code)
    this.note(bytes)
  }

  give(bytes: number): void {
    this.note(-bytes)
  }

  /** Counts what cannot be refused. */
  note(bytes: number): void {
    this.#used += bytes
    this.#whole?.note(bytes)
    if (this.#used > MUCH_BYTES && this.onMuch !== undefined) this.#tellOfMuch()
  }

  /** @throws Errno `code` when that much is not left */
  require(bytes: number, code = ENOMEM): void {
    if (this.hasRoom(bytes)) return
    ;(this.#whole ?? this).onFull?.()
    throw new Errno(code)
  }

  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.limit && (this.#whole?.hasRoom(bytes) ?? true)
  }

  /** What belongs to one process, and goes with it: `giveAll`. */
  part(): Budget {
    return new Budget(this.limit, this)
  }

  giveAll(): void {
    this.give(this.#used)
  }

  #tellOfMuch(): void {
    const tell = this.onMuch
    this.onMuch = undefined
    tell?.()
  }
}

const MIN_BYTES = 2 ** 24
const MAX_BYTES = 2 ** 28

/** For a guest of that much memory: a fourth of it, within bounds. V8 may keep twice as much before it collects. */
export function budgetBytes(memoryBytes: number): number {
  return Math.min(Math.max(memoryBytes / 4, MIN_BYTES), MAX_BYTES)
}
