// TraceOptions: what a trace shows, and how; Style: how much of a call's arguments and results.

export interface Style {
  /** Limits a string's bytes and an array's elements: strace's -s; default 32. */
  readonly stringLimit: number
  /** Shows each descriptor with what it leads to: strace's -y. */
  readonly showsPaths: boolean
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

/** The time before each line of a trace: HH:MM:SS, the same with microseconds, or seconds since 1970. */
export type TraceClock = 'seconds' | 'microseconds' | 'epoch'

export interface TraceOptions extends TraceFilters, Partial<Style> {
  /** The host descriptor that the trace is written to. It stays the caller's. */
  fd: number
  isOn: boolean
  /** One object per line (TraceEvent) instead of strace's lines. */
  isJson?: boolean
  /** A table of counts at the end: instead of the calls, or after them. */
  summary?: 'only' | 'too'
  /** In the table, the time that calls slept counts, too. */
  countsWaiting?: boolean
  clock?: TraceClock
  /** Each line starts with the time since the previous one. */
  isRelative?: boolean
  showsDurations?: boolean
}
