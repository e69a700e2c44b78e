// ServedPrograms: the programs that run beside each other in a sandbox's sentry: starts them, ends them, and passes messages on.

import type {Kernel} from '../../sentry/core/kernel.ts'
import type {Run} from '../../sentry/task/run.ts'
import {
  type LimitName,
  type LiveRequest,
  type RunRequest,
  toWire,
  type VerdictRequest,
} from '../protocol/messages.ts'
import type {EventBatches} from './event-batches.ts'
import type {SentryPort} from './port.ts'
import {Pulse} from './pulse.ts'
import {ServedProgram, type Surroundings} from './served-program.ts'

const EPOLLIN = 1

export class ServedPrograms {
  readonly #around: Surroundings
  readonly #port: SentryPort
  readonly #kernel: Kernel
  /** By run, with those that wait to be started. */
  readonly #programs = new Map<number, ServedProgram>()
  readonly #batches: EventBatches
  readonly #whilePaused: () => Promise<void>
  #isWorking = false
  /** While programs run, the port is watched. */
  #isAttending = false
  #pulse: Pulse | undefined

  /** @param whilePaused does what else `kernel.pause` was called for */
  constructor(around: Surroundings, batches: EventBatches, whilePaused: () => Promise<void>) {
    this.#around = around
    this.#port = around.port
    this.#kernel = around.sentry.kernel
    this.#batches = batches
    this.#whilePaused = whilePaused
    this.#kernel.observers.push({
      ready: (fd) => {
        if (fd !== this.#port.fd) return
        this.#port.listen()
        this.#killThoseTold()
      },
      outOfMemory: ({run, pid}) => this.#hit('oom', run, pid),
    })
    this.#listenToLimits()
  }

  /** Something runs, or is about to. */
  get areBusy(): boolean {
    return this.#isWorking || this.#programs.size > 0
  }

  /** A running program is about to be killed. */
  get isOneToStop(): boolean {
    return this.#port.shallStop() || [...this.#programs.keys()].some((run) => this.#port.shallStop(run))
  }

  /** `work` starts it. */
  add(request: RunRequest): void {
    this.#programs.set(request.id, new ServedProgram(this.#around, request))
    this.#kernel.pause()
  }

  /** Late messages are dropped. */
  hear(said: LiveRequest): void {
    this.#programs.get(said.run)?.hear(said)
  }

  answer({run, id, verdict}: VerdictRequest): void {
    this.#programs.get(run)?.answer(id, verdict)
  }

  /** Until all have ended. Returns at once if that is being done already. */
  async work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    try {
      for (;;) {
        await this.#whilePaused()
        this.#startNew()
        if (this.#programs.size === 0) return
        this.#attend()
        this.#kernel.run()
        this.#finishEnded()
      }
    } catch (error) {
      this.#programs.clear()
      this.#port.post({kind: 'failed', error: toWire(error)})
    } finally {
      this.#rest()
      this.#batches.flush()
      this.#isWorking = false
    }
  }

  #startNew(): void {
    for (const [run, program] of this.#programs) {
      if (program.isStarted) continue
      if (this.#port.shallStop()) {
        this.#programs.delete(run)
        program.discard()
        continue
      }
      try {
        program.start()
      } catch (error) {
        this.#programs.delete(run)
        this.#port.post({kind: 'failed', run, error: toWire(error)})
      }
    }
    this.#killThoseTold()
  }

  #finishEnded(): void {
    for (const [run, program] of this.#programs) {
      if (!program.hasEnded) continue
      const finished = program.finish()
      this.#programs.delete(run)
      // All events of a run come before its end.
      this.#batches.flush()
      this.#port.post({kind: 'finished', run, finished})
    }
  }

  #killThoseTold(): void {
    for (const [run, program] of this.#programs) if (this.#port.shallStop(run)) program.kill()
  }

  #attend(): void {
    if (this.#isAttending) return
    const {platform, timers} = this.#kernel
    this.#isAttending = true
    platform.watch(this.#port.fd, EPOLLIN)
    if (this.#port.needsPulse) this.#pulse = new Pulse(timers)
  }

  #rest(): void {
    if (!this.#isAttending) return
    this.#isAttending = false
    this.#pulse?.stop()
    this.#pulse = undefined
    this.#kernel.platform.watch(this.#port.fd, 0)
  }

  #listenToLimits(): void {
    const {platform, budget, pids, runs} = this.#kernel
    platform.memory.onFull = budget.onFull = () => this.#hit('memory', runs.charged)
    pids.onFull = () => this.#hit('tasks', runs.charged)
    this.#around.sentry.disk.onFull = () => this.#hit('disk', runs.charged)
  }

  #hit(limit: LimitName, run: Run | undefined, pid?: number): void {
    for (const program of this.#programs.values()) if (program.run === run) program.news.hit(limit, pid)
  }
}
