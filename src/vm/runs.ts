// Runs: the runs of one vCPU, one at a time: answers go in before a run, exits come out after it.

import {EINTR, errnoName} from '../abi/errno.ts'
import {HvError} from '../errors.ts'
import {abortSignal, checked} from '../options.ts'
import type {StopSignal} from '../stop-signal.ts'
import type {NativeVcpu} from './addon.ts'
import {type Exit, INTERRUPTED, isUnfinished} from './exit.ts'
import {orThrow} from './open-error.ts'
import {type Answer, readExit} from './read-exit.ts'

/** What happens around a run. */
interface Surroundings {
  /** Called before each run. */
  renew(): void
  /** Tells listeners of stores that were posted before an exit. */
  deliver(): void
  isTraced(): boolean
  /** While it is traced: called with each exit that a run returns, */
  exited(exit: Exit): void
  /** and when it has its answer. */
  answered(): void
}

/** @internal Vcpu's */
export class Runs {
  readonly #native: NativeVcpu
  readonly #around: Surroundings
  #answer: Answer
  /** KVM completes the last exit's instruction in the next run. */
  #isUnfinished = false
  /** The exit that completing it led to: the next run returns it. */
  #further: Exit | undefined
  #isInterrupted = false
  #isRunning = false
  /** Its exit is traced. */
  #isTold = false
  #isDisposed = false

  constructor(native: NativeVcpu, around: Surroundings) {
    this.#native = native
    this.#around = around
  }

  /** As Vcpu.run. */
  run(): Exit {
    const native = this.#begin()
    return this.#tell(this.#takeFurther() ?? this.#exit(starting(() => native.run())))
  }

  /** As Vcpu.runAsync. */
  async runAsync(signal?: StopSignal): Promise<Exit> {
    if (signal !== undefined) checked(abortSignal, signal, 'signal')
    const native = this.#begin()
    if (signal?.aborted) return INTERRUPTED
    const further = this.#takeFurther()
    if (further !== undefined) return this.#tell(further)
    const interrupt = (): void => this.interrupt()
    this.#isRunning = true
    try {
      const ended = starting(() => native.runAsync())
      if (typeof ended === 'number') return this.#tell(this.#exit(ended))
      signal?.addEventListener('abort', interrupt)
      const errno = await ended
      return this.#isDisposed ? INTERRUPTED : this.#tell(this.#exit(errno))
    } finally {
      this.#isRunning = false
      signal?.removeEventListener('abort', interrupt)
    }
  }

  /** @throws HvError DISPOSED */
  interrupt(): void {
    this.usable()
    this.#isInterrupted = true
    this.#native.interrupt()
  }

  /** The vCPU, which may be running. @throws HvError DISPOSED */
  usable(): NativeVcpu {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the vCPU is disposed')
    return this.#native
  }

  /** @throws HvError VCPU_BUSY while it runs, DISPOSED */
  stopped(): NativeVcpu {
    this.usable()
    if (this.#isRunning) {
      throw new HvError('VCPU_BUSY', 'the vCPU runs', 'wait for its run to end, or call interrupt() first')
    }
    return this.#native
  }

  /**
   * Lets KVM finish the last exit's instruction, which is the first thing that a run does (api.rst, 5: immediate_exit).
   * @throws HvError VCPU_BUSY within an instruction that makes several exits; as `stopped`
   */
  finished(): NativeVcpu {
    const native = this.#begin()
    if (this.#isUnfinished && this.#further === undefined) {
      native.interrupt()
      const wasInterrupted = this.#isInterrupted
      const exit = this.#exit(starting(() => native.run()))
      // A listener that was told of a store may have disposed of it.
      this.stopped()
      if (exit !== INTERRUPTED) this.#further = exit
      else if (wasInterrupted) this.interrupt()
    }
    if (!this.#isUnfinished) return this.stopped()
    const message = 'the vCPU is within an instruction that makes several exits'
    throw new HvError('VCPU_BUSY', message, 'run it until the next one')
  }

  /** The exit that `finished` came to: the vCPU's state is replaced. */
  forgetFurther(): void {
    this.#further = undefined
  }

  /** The run, if any, ends as `interrupted`. @returns false: it was disposed of already */
  dispose(): boolean {
    if (this.#isDisposed) return false
    this.#isDisposed = true
    this.#answer = undefined
    this.#native.dispose()
    return true
  }

  #begin(): NativeVcpu {
    const native = this.stopped()
    if (this.#isTold) throw new HvError('VCPU_BUSY', 'the exit of the vCPU is being traced')
    // That exit was not returned yet, so it has no answer.
    if (this.#further !== undefined) return native
    this.#answer?.()
    this.#answer = undefined
    if (this.#around.isTraced()) {
      this.#told(() => this.#around.answered())
      // Who was told may have disposed of it.
      this.stopped()
    }
    this.#around.renew()
    return native
  }

  #tell(exit: Exit): Exit {
    this.#isRunning = false
    if (this.#around.isTraced() && !this.#isDisposed) this.#told(() => this.#around.exited(exit))
    return this.#isDisposed ? INTERRUPTED : exit
  }

  /** Registers can be read meanwhile, and the vCPU cannot be run. */
  #told(trace: () => void): void {
    this.#isTold = true
    try {
      trace()
    } finally {
      this.#isTold = false
    }
  }

  #takeFurther(): Exit | undefined {
    const exit = this.#further
    this.#further = undefined
    return exit
  }

  #exit(errno: number): Exit {
    this.#deliver()
    // A listener may have disposed of it.
    if (this.#isDisposed) return INTERRUPTED
    this.#isUnfinished = false
    if (errno === EINTR) {
      this.#isInterrupted = false
      return INTERRUPTED
    }
    if (errno !== 0) throw new HvError('VCPU_FAILED', `KVM_RUN failed: ${errnoName(errno)}`)
    const [exit, answer] = readExit(this.#native)
    this.#answer = answer
    this.#isUnfinished = isUnfinished(exit)
    return exit
  }

  /** Before the exit is read: a listener that ran the vCPU would replace it. */
  #deliver(): void {
    this.#isRunning = true
    try {
      this.#around.deliver()
    } finally {
      this.#isRunning = false
    }
  }
}

/** The VM's interrupt controller starts before the first run. */
const starting = <Result>(run: () => Result): Result =>
  orThrow(
    run,
    (cause) => new HvError('VCPU_FAILED', `KVM cannot start the VM: ${cause.message}`, '', {cause}),
  )
