// Sandbox: one guest in a thread of its own, for the process that embeds it.

import {signalName} from '../abi/signal.ts'
import {HvError} from '../errors.ts'
import {type ChosenPlatform, PLATFORM_CHOICES} from '../platform/choice.ts'
import {DEFAULT_MEMORY_BYTES} from '../sentry/run-to-end.ts'
import type {TraceEvent} from '../sentry/trace/event.ts'
import {
  checkTraceOptions,
  type SandboxOptions,
  type SandboxResult,
  type SandboxRunOptions,
  type SandboxTraceOptions,
  toRequest,
  toRestrictions,
} from './options.ts'
import type {Finished, RunRequest} from './protocol.ts'
import {SentryThread} from './sentry-thread.ts'

/**
 * A tree of files and a memory, in which programs run one after another. Programs leave their files to the next one
 * (in `root` and /tmp: in memory, for the sandbox's life), and nothing else.
 *
 * The thread of the caller never blocks; sandboxes are independent of each other; nothing that a guest does ends or
 * blocks this process. An idle sandbox does not keep the process alive.
 */
export class Sandbox {
  readonly #thread: SentryThread
  /** Settles when the last run that was asked for has ended. */
  #turn: Promise<void> = Promise.resolve()
  #disposal: Promise<void> | undefined

  private constructor(thread: SentryThread) {
    this.#thread = thread
  }

  /**
   * Opens the VM and the tree.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, HOST_SYSCALL, MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE,
   * PTRACE_UNUSABLE
   */
  static async create(options: SandboxOptions = {}): Promise<Sandbox> {
    const {root, volumes = [], memoryBytes = DEFAULT_MEMORY_BYTES, platform = 'auto'} = options
    if (!PLATFORM_CHOICES.includes(platform)) {
      const nextStep = `use ${PLATFORM_CHOICES.map((name) => `\`${name}\``).join(' or ')}`
      throw new HvError('BAD_ARGUMENT', `there is no platform ${platform}`, nextStep)
    }
    for (const {guest} of volumes) {
      if (!guest.startsWith('/'))
        throw new HvError('BAD_ARGUMENT', `the volume's place ${guest} is not absolute`, 'give a guest path')
    }
    const {handlers, pledge, unveil} = toRestrictions(options)
    const settings = {
      root,
      volumes: volumes.map(({host, guest, writable = false}) => ({host, guest, writable})),
      memoryBytes,
      platform,
      pledge,
      unveil,
    }
    const thread = await SentryThread.start(settings, handlers)
    return new Sandbox(thread)
  }

  /** What runs its guests. */
  get platform(): ChosenPlatform {
    return this.#thread.platform
  }

  /**
   * Runs a program to its end. Runs that are asked for meanwhile wait for their turn.
   * @param program With `root` a guest path, or a bare name for the guest's PATH; without, a path of this host.
   * @param args The arguments behind argv[0], which is `program`.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, OUT_OF_MEMORY; DISPOSED when the
   * sandbox is; VCPU_FAILED, SANDBOX_FAILED, after which it is of no use any more
   * @throws the reason of `options.signal` when that aborts; what a handler of `onSyscall` throws; the guest is stopped by
   * then, and the sandbox usable
   */
  run(
    program: string,
    args: readonly string[] | undefined,
    options: SandboxRunOptions & {encoding: 'buffer'},
  ): Promise<SandboxResult<Uint8Array>>
  run(program: string, args?: readonly string[], options?: SandboxRunOptions): Promise<SandboxResult>
  async run(
    program: string,
    args: readonly string[] = [],
    options: SandboxRunOptions = {},
  ): Promise<SandboxResult<string | Uint8Array>> {
    const {signal, encoding = 'utf8'} = options
    const request = toRequest(program, args, options)
    const finished = await this.#inTurn(request, signal)
    const {exitCode, signal: killer, timedOut, broken, stats} = finished.result
    const decode = (bytes: Uint8Array) => (encoding === 'buffer' ? bytes : new TextDecoder().decode(bytes))
    return {
      exitCode,
      signal: killer === null ? null : signalName(killer),
      timedOut,
      stdout: decode(finished.stdout),
      stderr: decode(finished.stderr),
      outputTruncated: finished.outputTruncated,
      ...(broken && {broken}),
      stats,
    }
  }

  /**
   * Tells `listener` of system calls, signals and ends: of the program that runs, from its next call on, and of all to
   * come. A trace that is on already ends for it. Resolves when it is on.
   *
   * Events come in order and in batches, at most 20 ms late; a run's have all come when it resolves. The guest waits when it
   * is some 2000 events ahead of the listener, also beyond its time: none is lost, and memory stays bounded. What the
   * listener throws is an uncaught exception of this process.
   * @throws HvError BAD_ARGUMENT, and the trace that was on stays; DISPOSED
   */
  async startTrace(listener: (event: TraceEvent) => void, options: SandboxTraceOptions = {}): Promise<void> {
    await this.#thread.trace(listener, checkTraceOptions(options))
  }

  /** Resolves when the trace is off, and all its events have come. Calls under way are told as unfinished. */
  async stopTrace(): Promise<void> {
    await this.#thread.trace(undefined, undefined)
  }

  /** Stops what runs, whose promise rejects with DISPOSED, and frees everything. Again: the same promise. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#thread.stop()
    return this.#disposal
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #inTurn(request: RunRequest, signal: AbortSignal | undefined): Promise<Finished> {
    const before = this.#turn
    let end!: () => void
    this.#turn = new Promise((resolve) => {
      end = resolve
    })
    try {
      await unlessAborted(before, signal)
      return await this.#thread.run(request, signal)
    } finally {
      // One that gave up waiting does not let the next one overtake.
      before.then(end)
    }
  }
}

/** @throws the signal's reason, as soon as it aborts */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  let abort!: () => void
  const aborted = new Promise<void>((resolve) => {
    abort = resolve
  })
  signal.addEventListener('abort', abort, {once: true})
  try {
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
  signal.throwIfAborted()
}
