// SandboxPool: processes that have started and wait to become sandboxes.

import * as v from 'valibot'
import {HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {SandboxOptions} from './options.ts'
import {Sandbox} from './sandbox.ts'
import {SentryProcess} from './sentry-process.ts'

const MAX_WARM = 64
/** The sandbox that took a process runs its program first. */
const REFILL_MS = 50

/** How large a pool is. @see {@link SandboxPool} */
export interface SandboxPoolOptions {
  /** How many processes wait, 1 to 64; default 1. Each takes some 15 MB, and no CPU. */
  warm?: number
}

const poolOptions = takes.options({warm: v.optional(takes.integer(1, MAX_WARM))})

/**
 * Makes sandboxes in processes that are there already: {@link SandboxPool.create} takes a few milliseconds where `Sandbox.create`
 * waits for Node to start. The processes know nothing of a sandbox before, and none becomes two.
 *
 * @example
 * using pool = new SandboxPool({warm: 2})
 * await using sandbox = await pool.create({volumes: [{host: '/etc', guest: '/data'}]})
 * console.log((await sandbox.run('/bin/busybox', ['ls', '/data/passwd'])).stdout) // /data/passwd
 */
export class SandboxPool {
  readonly #warm: number
  readonly #waiting: SentryProcess[] = []
  #refill: ReturnType<typeof setTimeout> | undefined
  #isDisposed = false

  /** Starts the processes. @throws HvError BAD_ARGUMENT */
  constructor(options: SandboxPoolOptions = {}) {
    this.#warm = takes.checked(poolOptions, options, 'options').warm ?? 1
    this.#fill()
  }

  /**
   * As {@link Sandbox.create}, but for `isolation`, which is `process`. Without a process that waits, one is started.
   * @throws HvError as `Sandbox.create`; DISPOSED
   */
  async create(options: Omit<SandboxOptions, 'isolation'> = {}): Promise<Sandbox> {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the pool is disposed')
    const {isolation = 'process'} = options as SandboxOptions
    if (isolation !== 'process')
      throw new HvError('BAD_ARGUMENT', "a pool's sandboxes are processes", 'leave isolation out')
    // Those that wait are in namespaces already.
    if (options.jail === 'none') return Sandbox.create(options)
    const waits = this.#take()
    if (waits === undefined) return Sandbox.create(options)
    try {
      return await Sandbox.createIn(() => waits, options)
    } catch (error) {
      // It had died while it waited, and nobody has heard of that.
      if (!(error instanceof HvError) || error.code !== 'SANDBOX_DIED') throw error
      return Sandbox.create(options)
    }
  }

  /** Ends the processes that wait. Sandboxes live on. */
  dispose(): void {
    this.#isDisposed = true
    clearTimeout(this.#refill)
    for (const process of this.#waiting.splice(0)) process.kill()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #take(): SentryProcess | undefined {
    this.#refill ??= setTimeout(() => this.#fill(), REFILL_MS).unref()
    const process = this.#waiting.shift()
    process?.ref()
    return process
  }

  #fill(): void {
    this.#refill = undefined
    while (this.#waiting.length < this.#warm) {
      const process = new SentryProcess(true)
      process.unref()
      // The next that is taken brings another.
      process.onEnd = () => {
        const index = this.#waiting.indexOf(process)
        if (index >= 0) this.#waiting.splice(index, 1)
      }
      this.#waiting.push(process)
    }
  }
}
