// VmLoops: what a VM does with all of its vCPUs: it runs them, and tells listeners of their exits.

import {ExitLoops, type VmEvents} from './exit-loops.ts'
import type {Vcpu} from './vcpu.ts'

/** The part of {@link Vm} that runs all its vCPUs. */
export abstract class VmLoops {
  readonly #loops = new ExitLoops((vcpu) => this.vcpus.includes(vcpu))

  /** The vCPUs that are not disposed of, in the order in which they were made. */
  abstract readonly vcpus: readonly Vcpu[]
  /** @internal @throws HvError DISPOSED */
  protected abstract requireUsable(): void

  /**
   * Runs all vCPUs that do not run yet, each on a thread of its own, until {@link stop}, an error or disposal, and tells the listeners
   * ({@link on}) of their exits. A vCPU goes on when the listeners have answered its exit and are done with it. After `shutdown`,
   * `fail-entry` and `internal-error` it goes on only if `start` is called again, by the listener or later. Keeps the process alive while a
   * vCPU runs.
   * @throws HvError BAD_ARGUMENT when nobody listens for `exit`, DISPOSED
   *
   * @example
   * vm.on('exit', (exit) => {
   *   if (exit.kind === 'mmio') console.log(exit.address, exit.data[0]) // 36864 42
   *   vm.stop()
   * })
   * vm.start()
   * await new Promise<void>((resolve) => vm.on('stop', resolve))
   */
  start(): void {
    this.requireUsable()
    this.#loops.start(this.vcpus)
  }

  /**
   * Ends what {@link start} began. Resolves when no vCPU runs. An exit that was on its way is still reported, and its answer waits for the
   * next run.
   *
   * @example
   * vm.on('exit', () => {})
   * vm.start()
   * await vm.stop()
   */
  stop(): Promise<void> {
    return this.#loops.stop()
  }

  /**
   * Calls `listener` at each event of that name, until {@link off}. `exit`: a vCPU has stopped. Several listeners are called one after the
   * other, and promises that they return are awaited. `error`: a listener of `exit` has thrown, or a run failed, and all vCPUs stop. If
   * nobody listens for it, it is an uncaught exception. `stop`: no vCPU runs any more.
   *
   * @example
   * vm.on('error', (error) => console.error(error)).on('stop', () => console.log('stopped'))
   */
  on<Name extends keyof VmEvents>(name: Name, listener: VmEvents[Name]): this {
    this.#loops.on(name, listener)
    return this
  }

  /**
   * Like {@link on}, but only for the next event of that name: the listener is removed before it is called.
   *
   * @example
   * vm.once('exit', () => vm.stop()).start()
   * await new Promise<void>((resolve) => vm.once('stop', resolve))
   */
  once<Name extends keyof VmEvents>(name: Name, listener: VmEvents[Name]): this {
    this.#loops.on(name, listener, true)
    return this
  }

  /**
   * Removes a listener of {@link on} or {@link once}.
   *
   * @example
   * const listener: VmEvents['stop'] = () => console.log('stopped')
   * vm.on('stop', listener).off('stop', listener)
   */
  off<Name extends keyof VmEvents>(name: Name, listener: VmEvents[Name]): this {
    this.#loops.off(name, listener)
    return this
  }
}
