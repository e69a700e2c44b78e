// RunOptions and RunResult: what one run of a guest program takes and gives. The contract between commands and sentry.

import type {ChosenPlatform, PlatformChoice} from './platform/choice.ts'

/** A host directory or file that the guest sees at `guest`. */
export interface Volume {
  /** Host path, absolute. */
  host: string
  /** Guest path, absolute. */
  guest: string
  writable: boolean
}

export interface RunOptions {
  /**
   * Without `root`: a host path with a slash in it; the command has already searched PATH.
   * With `root`: a guest path, or a bare name that the sentry looks up in the PATH of `env`, inside the guest's tree.
   */
  program: string
  /** The arguments behind argv[0]; argv[0] is `program` as given. */
  args: string[]
  /** Host directory that is the guest's `/`. Absolute. */
  root?: string
  volumes: Volume[]
  /** The guest's whole environment. */
  env: Record<string, string>
  /** Guest path, absolute; default `/`. */
  cwd?: string
  /** Guest memory in bytes, a multiple of 4096; default: the sentry's. */
  memoryBytes?: number
  /** Milliseconds until the guest is stopped; default: never. */
  timeoutMs?: number
  platform: PlatformChoice
  /** Forces what the program is taken for; default: what the file says. */
  machine?: 'linux' | 'bare'
  /** How the guest's system calls are shown: from the start if `isOn`, and when SIGUSR2 switches the trace on. */
  trace?: TraceOptions
  /** Collects the counters and times of `RunResult.stats`. */
  stats?: boolean
  /** What the guest promises to keep to, from its first instruction: OpenBSD's names with spaces between them. */
  pledge?: string
  /** The only paths that the guest sees. */
  unveil?: Unveiled[]
  /** Finds out what the guest needs promised: `RunResult.promises`. Its standard output goes to this process's standard error. */
  suggestsPromises?: boolean
}

/** A guest path and what it can be used for: letters of r, w, x and c (to make and take away names). */
export interface Unveiled {
  path: string
  permissions: string
}

/** Sets of names as strace's -e takes them; default: all. */
export interface TraceFilters {
  /** `openat,%memory,/^get`, `!write`. */
  calls?: string
  /** `SIGINT,TERM`. */
  signals?: string
  /** Of successful, failed, unfinished, detached. */
  statuses?: string
}

/** What stands in front of a trace's lines: HH:MM:SS, the same with microseconds, or seconds since 1970. */
export type TraceClock = 'seconds' | 'microseconds' | 'epoch'

export interface TraceOptions extends TraceFilters {
  /** The host descriptor that the trace is written to. It stays the caller's. */
  fd: number
  isOn: boolean
  /** An object a line (TraceEvent) in place of strace's lines. */
  isJson?: boolean
  /** A table of counts at the end: in place of the calls, or behind them. */
  summary?: 'only' | 'too'
  /** In the table, the time that calls slept counts too. */
  countsWaiting?: boolean
  clock?: TraceClock
  /** The time since the line before stands in front of each. */
  isRelative?: boolean
  showsDurations?: boolean
  /** Bytes of a string, elements of an array; default 32. */
  stringLimit?: number
  /** Each descriptor with what it leads to. */
  showsPaths?: boolean
}

/** How the guest ended. Exactly one of `exitCode` and `signal` is a number, or neither after a time-out. */
export interface RunResult {
  exitCode: number | null
  /** The number of the signal that killed the guest. */
  signal: number | null
  timedOut: boolean
  /** It was killed because guest memory was full: `signal` is SIGKILL. */
  outOfMemory?: boolean
  /** It was killed for what it had not promised: `signal` is SIGSYS. */
  broken?: BrokenPledge
  /** What `suggestsPromises` asked for: promises in OpenBSD's order, spaces between. */
  promises?: string
  stats: RunStats
  /** What ran it, and why that. */
  platform?: ChosenPlatform
}

export interface BrokenPledge {
  /** The name of the system call. */
  call: string
  /** Any one of these would have allowed it. */
  promises: readonly string[]
  /** It had pledged itself, by pledge(). */
  byItself: boolean
}

/** Counters and times by name, in the order in which they are printed; times end in `Ns` and are nanoseconds. */
export type RunStats = Record<string, number>

/** What every guest finds in its environment; nothing else of the caller's goes in. */
export function guestEnvironment(terminal = 'dumb'): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: terminal,
  }
}
