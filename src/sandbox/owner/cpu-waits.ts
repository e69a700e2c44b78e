// CpuWaits: how long a process and its descendants have waited for a processor: on a busy host they do not get what they would use.
//
// /proc/PID/schedstat has three numbers: what the thread has had of processors and how long it has waited for one, in nanoseconds, and how
// often it has had one (Documentation/scheduler/sched-stats.rst). A wait is in there when it is over.

import {readdirSync, readFileSync} from 'node:fs'
import {attempt} from '../../errors.ts'

/** A guest has many threads, and the owner's own work waits while this reads. */
const MOST_THREADS = 64
/** Samples are no closer: several runs may ask. */
const FRESH_MS = 50
const NS_PER_MS = 1e6

export class CpuWaits {
  readonly #root: number | undefined
  readonly #proc: string
  readonly #now: () => number
  /** Of each thread, nanoseconds. */
  #waited = new Map<string, number>()
  #sampledMs = Number.NEGATIVE_INFINITY
  #totalMs = 0

  /** @param root a process: it and its descendants count */
  constructor(root: number | undefined, proc = '/proc', now = () => performance.now()) {
    this.#root = root
    this.#proc = proc
    this.#now = now
  }

  /**
   * Grows, from one call to the next, by the wait of the thread that waited longest. 0 where the host does not tell: there is no /proc, or
   * the kernel was built without CONFIG_SCHED_INFO.
   */
  totalMs(): number {
    if (this.#root === undefined || this.#now() - this.#sampledMs < FRESH_MS) return this.#totalMs
    const isFirst = this.#sampledMs === Number.NEGATIVE_INFINITY
    this.#sampledMs = this.#now()
    const waited = this.#sample(this.#root)
    if (!isFirst) this.#totalMs += longestGrowth(this.#waited, waited) / NS_PER_MS
    this.#waited = waited
    return this.#totalMs
  }

  #sample(root: number): Map<string, number> {
    const waited = new Map<string, number>()
    const processes = [String(root)]
    for (let at = 0; at < processes.length && waited.size < MOST_THREADS; at++) {
      const tasks = `${this.#proc}/${processes[at]}/task`
      // None: the process has ended.
      const threads = attempt(() => readdirSync(tasks)) ?? []
      for (const thread of threads.slice(0, MOST_THREADS - waited.size)) {
        const [, ns] = wordsOf(`${tasks}/${thread}/schedstat`)
        if (ns !== undefined) waited.set(thread, Number(ns))
      }
      // All are children of its first thread.
      processes.push(...wordsOf(`${tasks}/${processes[at]}/children`))
    }
    return waited
  }
}

function longestGrowth(before: Map<string, number>, now: Map<string, number>): number {
  return Math.max(0, ...Array.from(now, ([thread, waited]) => waited - (before.get(thread) ?? 0)))
}

/** None: the thread has ended, or this host does not tell. */
function wordsOf(file: string): string[] {
  const text = attempt(() => readFileSync(file, 'latin1')) ?? ''
  return text.split(/\s+/).filter((word) => word !== '')
}
