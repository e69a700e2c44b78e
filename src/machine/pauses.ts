// Pauses: makes all vCPUs of a machine stand still, over its boots, as long as anybody wants them to.

import type {Vcpu} from '../vm/vcpu.ts'

const LONG_MS = 2 ** 30

/** While one is not disposed of, no vCPU runs once `settled`. */
export interface Pause extends Disposable {
  /** Resolves when all vCPUs stand still, and their last exits are answered. */
  readonly settled: Promise<void>
}

export class Pauses {
  readonly #pauses = new Set<Pause>()
  /** vCPUs from before a run until its exit is answered. */
  readonly #running = new Set<Vcpu>()
  #settling: (() => void)[] = []
  #waiting: (() => void)[] = []
  /** Nothing else keeps the process alive while the machine stands still. */
  #alive: NodeJS.Timeout | undefined

  begin(): Pause {
    const settled = new Promise<void>((resolve) => this.#settling.push(resolve))
    const pause: Pause = {settled, [Symbol.dispose]: () => this.#end(pause)}
    this.#pauses.add(pause)
    this.#alive ??= setInterval(() => {}, LONG_MS)
    for (const vcpu of this.#running) vcpu.interrupt()
    this.#settle()
    return pause
  }

  get isPaused(): boolean {
    return this.#pauses.size > 0
  }

  /** Called before a vCPU's run, which must not begin while the machine is paused. */
  entered(vcpu: Vcpu): void {
    this.#running.add(vcpu)
  }

  /** Called when a vCPU's exit is answered, or need not be; further calls have no effect. */
  left(vcpu: Vcpu): void {
    this.#running.delete(vcpu)
    this.#settle()
  }

  /** Resolves when something may have changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #end(pause: Pause): void {
    if (!this.#pauses.delete(pause) || this.isPaused) return
    clearInterval(this.#alive)
    this.#alive = undefined
    this.changed()
  }

  #settle(): void {
    if (this.#running.size > 0) return
    for (const resolve of this.#settling.splice(0)) resolve()
  }
}
