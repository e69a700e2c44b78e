// ExitLoops: runs vCPUs on their own threads and passes their exits to listeners: Vm.start.

import {badArgument} from '../errors.ts'
import * as takes from '../options.ts'
import type {Exit} from './exit.ts'
import type {Vcpu} from './vcpu.ts'

/**
 * What a VM's listeners are called with, by event name.
 *
 * @example
 * const listener: VmEvents['exit'] = async (exit) => {
 *   if (exit.kind === 'mmio' && !exit.isWrite) exit.data[0] = 42
 * }
 * vm.on('exit', listener).off('exit', listener)
 */
export interface VmEvents {
  /** A vCPU has stopped. If a listener returns a promise, the vCPU goes on when that is fulfilled. */
  exit: (exit: Exit, vcpu: Vcpu) => unknown
  /** What a listener of `exit` has thrown, or HvError VCPU_FAILED. */
  error: (error: unknown, vcpu: Vcpu) => void
  /** No vCPU runs any more. */
  stop: () => void
}

const NAMES = ['exit', 'error', 'stop'] as const
/** After these a vCPU would make the same exit again, for ever. */
const LAST: readonly Exit['kind'][] = ['shutdown', 'fail-entry', 'internal-error']

interface Listening<Name extends keyof VmEvents> {
  readonly listener: VmEvents[Name]
  readonly isOnce: boolean
}

export class ExitLoops {
  readonly #listeners: {[Name in keyof VmEvents]: Listening<Name>[]} = {exit: [], error: [], stop: []}
  readonly #has: (vcpu: Vcpu) => boolean
  /** vCPUs in a run, or in the listeners of its exit. */
  readonly #looping = new Set<Vcpu>()
  readonly #running = new Set<Vcpu>()
  /** vCPUs that were started again while their listeners were called. */
  readonly #again = new Set<Vcpu>()
  /** Callers that wait for all runs to end. */
  #waiting: (() => void)[] = []
  #isStarted = false

  /** @param has whether the vCPU is not disposed of */
  constructor(has: (vcpu: Vcpu) => boolean) {
    this.#has = has
  }

  on<Name extends keyof VmEvents>(name: Name, listener: VmEvents[Name], isOnce = false): void {
    takes.checked(takes.callback, listener, 'listener')
    this.#of(name).push({listener, isOnce})
  }

  off<Name extends keyof VmEvents>(name: Name, listener: VmEvents[Name]): void {
    const listeners = this.#of(name)
    const at = listeners.findIndex((each) => each.listener === listener)
    if (at >= 0) listeners.splice(at, 1)
  }

  start(vcpus: readonly Vcpu[]): void {
    if (this.#listeners.exit.length === 0) {
      throw badArgument('nobody would hear of exits', "listen for them first: vm.on('exit', …)")
    }
    this.#isStarted = true
    for (const vcpu of vcpus) {
      if (this.#looping.has(vcpu)) this.#again.add(vcpu)
      else void this.#loop(vcpu)
    }
  }

  stop(): Promise<void> {
    this.#isStarted = false
    for (const vcpu of this.#running) if (this.#has(vcpu)) vcpu.interrupt()
    // Does not wait for the listeners: one of them may wait for this.
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async #loop(vcpu: Vcpu): Promise<void> {
    this.#looping.add(vcpu)
    try {
      while (this.#mayGoOn(vcpu)) {
        this.#running.add(vcpu)
        const exit = await vcpu.runAsync()
        this.#rests(vcpu)
        if (exit.kind === 'interrupted' && !this.#mayGoOn(vcpu)) break
        this.#again.delete(vcpu)
        await this.#tell(exit, vcpu)
        if (LAST.includes(exit.kind) && !this.#again.has(vcpu)) break
      }
    } catch (error) {
      this.#rests(vcpu)
      void this.stop()
      this.#fail(error, vcpu)
    } finally {
      this.#looping.delete(vcpu)
      this.#again.delete(vcpu)
      if (this.#looping.size === 0) this.#ended()
    }
  }

  #mayGoOn(vcpu: Vcpu): boolean {
    return this.#isStarted && this.#has(vcpu)
  }

  #rests(vcpu: Vcpu): void {
    this.#running.delete(vcpu)
    if (this.#running.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #tell(exit: Exit, vcpu: Vcpu): Promise<void> {
    for (const listener of this.#take('exit')) await listener(exit, vcpu)
  }

  #fail(error: unknown, vcpu: Vcpu): void {
    const listeners = this.#take('error')
    if (listeners.length === 0) throwLater(error)
    for (const listener of listeners) call(() => listener(error, vcpu))
  }

  #ended(): void {
    this.#isStarted = false
    for (const listener of this.#take('stop')) call(listener)
  }

  /** A copy: a listener may remove itself. Listeners for one event only are removed before they are called. */
  #take<Name extends keyof VmEvents>(name: Name): VmEvents[Name][] {
    const listeners: Listening<Name>[] = this.#listeners[name]
    const called = listeners.map(({listener}) => listener)
    if (listeners.some(({isOnce}) => isOnce))
      listeners.splice(0, listeners.length, ...listeners.filter(({isOnce}) => !isOnce))
    return called
  }

  #of<Name extends keyof VmEvents>(name: Name): Listening<Name>[] {
    return this.#listeners[takes.checked(takes.oneOf(NAMES), name, 'name') as Name]
  }
}

/** What a listener throws is an uncaught exception of this process; the other listeners are still called. */
function call(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    throwLater(error)
  }
}

function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
