// Resource limits: getrlimit(2). A comment names what enforces each one that the sentry enforces.

/** Enforced by time/process-timers.ts. */
export const RLIMIT_CPU = 0
export const RLIMIT_FSIZE = 1
export const RLIMIT_DATA = 2
export const RLIMIT_STACK = 3
export const RLIMIT_CORE = 4
/** Enforced by task/clone.ts. */
export const RLIMIT_NPROC = 6
export const RLIMIT_NOFILE = 7
/** Enforced by memory/. */
export const RLIMIT_MEMLOCK = 8
export const RLIMIT_AS = 9
/** Enforced by signals/process-signals.ts. */
export const RLIMIT_SIGPENDING = 11
/** Enforced by ipc/posix-queues.ts. */
export const RLIMIT_MSGQUEUE = 12
export const RLIMIT_NICE = 13
export const RLIMIT_NLIMITS = 16

/** RLIM_INFINITY in the sentry's numbers. */
export const UNLIMITED = Number.POSITIVE_INFINITY

export interface Limit {
  soft: number
  hard: number
}

/** Linux: fs.nr_open. */
export const MAX_OPEN_FILES = 1 << 20
const OPEN_FILES = 1024

export class ResourceLimits {
  /** What RLIMIT_NOFILE is never raised beyond. */
  readonly maxOpenFiles: number
  readonly #limits: Limit[]

  /** Linux's defaults for the first process, with the stack and descriptors of a login shell. */
  constructor(maxOpenFiles = MAX_OPEN_FILES) {
    this.maxOpenFiles = maxOpenFiles
    this.#limits = Array.from({length: RLIMIT_NLIMITS}, () => ({soft: UNLIMITED, hard: UNLIMITED}))
    this.#limits[RLIMIT_STACK] = {soft: 8 << 20, hard: UNLIMITED}
    this.#limits[RLIMIT_NICE] = {soft: 0, hard: 0}
    this.#limits[RLIMIT_CORE] = {soft: 0, hard: UNLIMITED}
    this.#limits[RLIMIT_SIGPENDING] = {soft: 4096, hard: 4096}
    this.#limits[RLIMIT_MSGQUEUE] = {soft: 819_200, hard: 819_200}
    this.#limits[RLIMIT_NOFILE] = {soft: Math.min(OPEN_FILES, maxOpenFiles), hard: maxOpenFiles}
  }

  /** For a forked process. */
  copy(): ResourceLimits {
    const copy = new ResourceLimits(this.maxOpenFiles)
    for (const [resource, limit] of this.#limits.entries()) copy.set(resource, limit)
    return copy
  }

  /** `resource` is below RLIMIT_NLIMITS. */
  get(resource: number): Readonly<Limit> {
    return this.#limits[resource]
  }

  set(resource: number, limit: Limit): void {
    this.#limits[resource] = limit
  }
}
