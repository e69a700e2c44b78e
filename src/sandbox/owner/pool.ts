// SandboxPool: started processes that wait to become sandboxes, or sandboxes that wait for their first program.

import * as v from 'valibot'
import {badArgument, HvError} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {SandboxOptions} from './options.ts'
import {toSettings} from './requests.ts'
import {Sandbox} from './sandbox.ts'
import {SentryProcess} from './sentry-process.ts'

const MAX_WARM = 64
/** Lets the sandbox that took a process run its program first. */
const REFILL_MS = 50

/** How large a pool is. @see {@link SandboxPool} */
export interface SandboxPoolOptions {
  /** How many processes wait, 1 to 64; default 1. Each takes some 15 MB, or some 22 as a whole sandbox, and no CPU. */
  warm?: number
  /**
   * The options of all its sandboxes. Whole sandboxes then wait, with their VM, jail and tree, and have already run a small program of hv's
   * own: {@link SandboxPool.create} gives one at once. Their `net.publish` has port 0 alone, in place of this host's ports.
   */
  sandbox?: Omit<SandboxOptions, 'isolation'>
  /**
   * Makes a sandbox of `sandbox` ready before it waits: it puts files there, and runs the program that the sandbox is for. A program's
   * first run reads its files and takes longer than the second. What this leaves in the sandbox is there for whoever gets it. If it throws,
   * {@link SandboxPool.create} rejects with the same error, and that sandbox is disposed of.
   */
  prepare?: (sandbox: Sandbox) => PromiseLike<unknown>
}

/** A sandbox that waits to be taken. */
interface Ready {
  readonly created: Promise<Sandbox>
  /** The same sandbox, after `prepare`. */
  readonly prepared: Promise<Sandbox>
}

type Prepare = NonNullable<SandboxPoolOptions['prepare']>

const poolOptions = takes.options({
  warm: v.optional(takes.integer(1, MAX_WARM)),
  sandbox: v.optional(v.custom<SandboxOptions>((value) => typeof value === 'object' && value !== null)),
  prepare: v.optional(v.custom<Prepare>((value) => typeof value === 'function', 'must be a function')),
})

/**
 * Makes sandboxes in processes that already run: {@link SandboxPool.create} takes a few milliseconds where `Sandbox.create` waits for Node
 * to start. Until then a process knows nothing of any sandbox, and each becomes only one.
 *
 * @example
 * using pool = new SandboxPool({warm: 2})
 * await using sandbox = await pool.create({volumes: [{host: '/etc', guest: '/data'}]})
 * console.log((await sandbox.run('/bin/busybox', ['ls', '/data/passwd'])).stdout) // /data/passwd
 *
 * @example
 * using pool = new SandboxPool({warm: 2, sandbox: {memoryBytes: 64 << 20}})
 * await using sandbox = await pool.create()
 * console.log((await sandbox.run('/bin/busybox', ['echo', 'at once'])).stdout) // at once
 *
 * @example
 * const prepare = (sandbox: Sandbox) => sandbox.run('/bin/busybox', ['true'])
 * using pool = new SandboxPool({sandbox: {}, prepare})
 * await using sandbox = await pool.create()
 * console.log((await sandbox.run('/bin/busybox', ['echo', 'known'])).stdout) // known
 */
export class SandboxPool {
  readonly #warm: number
  readonly #options: SandboxOptions | undefined
  readonly #waiting: SentryProcess[] = []
  /** Instead of processes, with `sandbox`. */
  readonly #ready: Ready[] = []
  readonly #prepare: Prepare | undefined
  #refill: ReturnType<typeof setTimeout> | undefined
  #isDisposed = false

  /** Starts the processes. @throws HvError BAD_ARGUMENT */
  constructor(options: SandboxPoolOptions = {}) {
    const {warm = 1, sandbox, prepare} = takes.checked(poolOptions, options, 'options')
    if (sandbox !== undefined) {
      requireProcesses(sandbox)
      requireFreePorts(toSettings(sandbox))
    } else if (prepare !== undefined)
      throw badArgument('`prepare` is for sandboxes that wait', 'say by `sandbox` what they are to be')
    this.#warm = warm
    this.#options = sandbox
    this.#prepare = prepare
    this.#fill()
  }

  /**
   * Like {@link Sandbox.create}, except that `isolation` is `process`. If no process waits, one is started.
   * @param options none, if the pool has the option `sandbox`
   * @throws HvError as `Sandbox.create`; BAD_ARGUMENT; DISPOSED; what `prepare` throws
   */
  async create(options?: Omit<SandboxOptions, 'isolation'>): Promise<Sandbox> {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the pool is disposed')
    if (this.#options === undefined) return this.#createIn(options ?? {})
    if (options !== undefined)
      throw badArgument("the pool's sandboxes are what it was told", 'leave the options out')
    return this.#takeReady()
  }

  async #createIn(options: SandboxOptions): Promise<Sandbox> {
    requireProcesses(options)
    // Waiting processes are in namespaces already.
    if (options.jail === 'none') return Sandbox.create(options)
    const waits = this.#take()
    if (waits === undefined) return Sandbox.create(options)
    try {
      return await Sandbox.createIn(() => waits, options)
    } catch (error) {
      // The process had died unnoticed while it waited.
      if (!hasDied(error)) throw error
      return Sandbox.create(options)
    }
  }

  /** Ends the processes that wait. Sandboxes live on. */
  dispose(): void {
    this.#isDisposed = true
    clearTimeout(this.#refill)
    for (const process of this.#waiting.splice(0)) process.kill()
    for (const {created} of this.#ready.splice(0)) created.then((sandbox) => sandbox.dispose(), nothing)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Skips a sandbox that has died while it waited. */
  async #takeReady(): Promise<Sandbox> {
    this.#refillSoon()
    try {
      const sandbox = await this.#ready.shift()?.prepared
      if (sandbox?.isUsable) return sandbox
    } catch (error) {
      if (!hasDied(error)) throw error
    }
    return this.#make(this.#options!).prepared
  }

  #make(options: SandboxOptions): Ready {
    const created = Sandbox.createIn(() => new SentryProcess(options.jail !== 'none'), options, true)
    return {created, prepared: created.then((sandbox) => this.#prepared(sandbox))}
  }

  async #prepared(sandbox: Sandbox): Promise<Sandbox> {
    try {
      await this.#prepare?.(sandbox)
      return sandbox
    } catch (error) {
      await sandbox.dispose()
      throw error
    }
  }

  #take(): SentryProcess | undefined {
    this.#refillSoon()
    const process = this.#waiting.shift()
    process?.ref()
    return process
  }

  #refillSoon(): void {
    this.#refill ??= setTimeout(() => this.#fill(), REFILL_MS).unref()
  }

  #fill(): void {
    this.#refill = undefined
    if (this.#options !== undefined) this.#fillReady(this.#options)
    else this.#fillWaiting()
  }

  #fillReady(options: SandboxOptions): void {
    while (this.#ready.length < this.#warm) {
      const ready = this.#make(options)
      // `create` reports the error.
      ready.prepared.catch(nothing)
      this.#ready.push(ready)
    }
  }

  #fillWaiting(): void {
    while (this.#waiting.length < this.#warm) {
      const process = new SentryProcess(true)
      process.unref()
      // The next `take` refills the pool.
      process.onEnd = () => {
        const index = this.#waiting.indexOf(process)
        if (index >= 0) this.#waiting.splice(index, 1)
      }
      this.#waiting.push(process)
    }
  }
}

/** @throws HvError BAD_ARGUMENT */
function requireProcesses({isolation = 'process'}: SandboxOptions): void {
  if (isolation === 'process') return
  throw badArgument("a pool's sandboxes are processes", 'leave isolation out')
}

/** Of a port of this host there is one: the second sandbox would find it busy. @throws HvError BAD_ARGUMENT */
function requireFreePorts({netRules}: ReturnType<typeof toSettings>): void {
  const fixed = netRules?.publish.find(({hostPort}) => hostPort !== 0)
  if (fixed === undefined) return
  throw badArgument(
    `port ${fixed.hostPort} of ${fixed.address} cannot be that of each sandbox of a pool`,
    'publish port 0, any free one, or call `publish` of the sandbox that `create` gives',
  )
}

function hasDied(error: unknown): boolean {
  return error instanceof HvError && error.code === 'SANDBOX_DIED'
}

function nothing(): void {}
