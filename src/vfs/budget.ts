// Budget: how many bytes a guest makes the sentry hold besides the guest's memory, and how many it may.

import {ENOMEM, Errno} from '../abi/errno.ts'

/**
 * What each thing costs at most, in bytes, with V8's objects, tables and strings. test/unit/sentry/budget.test.ts
 * measures that it costs no more. Things without a row are bounded by their own number, or by things that have one.
 */
export const COST = {
  /** A slot in a table of descriptors. */
  descriptor: 128,
  /** An open file description: its file, place and wait queue. */
  file: 1024,
  /** The same below /proc, where each lookup makes new directories. */
  procFile: 16_384,
  /** An inode in memory, with a name of 255 bytes. */
  inode: 1536,
  /** One more name for it, or the mark that a name of the lower layer is gone. */
  name: 512,
  /** An extended attribute, besides its name and value. */
  attribute: 512,
  /** A directory that is being read: where it is, and a piece of what the host says. */
  listing: 6144,
  /** An entry of it, besides its name. */
  entry: 80,
  /** A name that an overlay has listed, and does not list again. */
  listedName: 48,
  /** A file in an epoll. */
  watch: 640,
  /** A socket, besides its open file description: its inode, name and queues. */
  socket: 2048,
  /** An end of a TCP connection in TIME_WAIT. */
  timeWait: 1536,
  /** A message that waits at a socket, besides its bytes. */
  socketMessage: 768,
  /** A socket in a multicast group. */
  membership: 512,
  /** An unread event of inotify(7), with its name. */
  event: 640,
  /** A queued signal. */
  signal: 512,
  /** A timer of timer_create(2), with its signal. */
  timer: 1280,
  /** A record lock, or a flock, with its file's table. */
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
  /** A program of seccomp(2), besides its instructions. */
  seccompFilter: 2048,
  /** A directory on the way to an unveiled path. */
  unveiledWay: 160,
} as const

/** Ordinary programs stay below this. */
const MUCH_BYTES = 1 << 20

export class Budget {
  readonly limit: number
  /** Called once, when more is held than ordinary programs cause. */
  onMuch: (() => void) | undefined
  /** Called each time the whole budget has no room for a request. */
  onFull: (() => void) | undefined
  /** Pages that pipes were given, full or not: what Linux's pipe-user-pages-soft limits. */
  pipePages = 0
  readonly #whole: Budget | undefined
  #used = 0

  /** @param whole the budget that this is a part of, which counts everything, too */
  constructor(limit = Number.POSITIVE_INFINITY, whole?: Budget) {
    this.limit = limit
    this.#whole = whole
  }

  get used(): number {
    return this.#used
  }

  /** @throws Errno `code`, having taken nothing */
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

  /** For what belongs to one process, and goes with it: `giveAll`. */
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

/** For a guest with that much memory: a fourth of it, within bounds. V8 may keep twice as much before it collects garbage. */
export function budgetBytes(memoryBytes: number): number {
  return Math.min(Math.max(memoryBytes / 4, MIN_BYTES), MAX_BYTES)
}
