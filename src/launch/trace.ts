// RunTrace: the trace of one run: loaded when it is wanted, and switched on and off while the guest runs; traceLine: a machine's.

import type {Kernel} from '../sentry/core/kernel.ts'
import type {TraceOptions} from '../sentry/trace/options.ts'
import type {Trace} from '../sentry/trace/trace.ts'
import type {Launch} from './launch.ts'
import {tell} from './tell.ts'

const STDERR = 2
/** What SIGUSR2 switches on if no trace was asked for. */
const UNASKED: TraceOptions = {fd: STDERR, isOn: false, showsDurations: true}

/** Call it before the jail closes, so that V8's compiled form of its code is kept. */
export async function loadTrace(options: TraceOptions | undefined): Promise<void> {
  if (options?.isOn) await import('../sentry/trace/trace.ts')
}

/** What writes a machine's lines, which are all written when the launch ends. Call it before the launch uses the machine. */
export async function traceLine(
  launch: Launch,
  options: TraceOptions | undefined,
): Promise<((line: string) => void) | undefined> {
  if (options === undefined) return undefined
  const {LineWriter} = await import('../sentry/trace/line-writer.ts')
  const writer = new LineWriter(options.fd)
  launch.defer(() => writer.end())
  return (line) => writer.write(`${line}\n`)
}

export class RunTrace implements Disposable {
  readonly #kernel: Kernel
  readonly #options: TraceOptions
  #trace: Trace | undefined
  /** Switches that came before the trace was loaded. */
  #awaited = 0

  constructor(kernel: Kernel, options: TraceOptions = UNASKED) {
    this.#kernel = kernel
    this.#options = options
  }

  /** Before the guest starts. @throws HvError BAD_ARGUMENT */
  async begin(): Promise<void> {
    if (!this.#options.isOn) return
    await this.#load()
    this.#trace!.start()
  }

  /** Switches on, or off again. A run that never wants the trace does not load it, so the first time the kernel has to wait for it. */
  toggle(): void {
    if (this.#trace === undefined) {
      this.#awaited++
      this.#kernel.pause()
      return
    }
    if (this.#trace.isOn) this.#trace.stop()
    else this.#trace.start()
    this.#tell(this.#trace.isOn)
  }

  /** Does what the kernel was paused for. */
  async catchUp(): Promise<void> {
    if (this.#awaited === 0) return
    await this.#load()
    for (; this.#awaited > 0; this.#awaited--) this.toggle()
  }

  /** The guest has ended. */
  [Symbol.dispose](): void {
    this.#trace?.close()
  }

  async #load(): Promise<void> {
    const {Trace} = await import('../sentry/trace/trace.ts')
    this.#trace ??= new Trace(this.#kernel, this.#options)
  }

  /** Writes nothing between the objects of a JSON trace. */
  #tell(isOn: boolean): void {
    if (this.#options.isJson && this.#options.fd === STDERR) return
    tell(`the trace is ${isOn ? 'on' : 'off'}`)
  }
}
