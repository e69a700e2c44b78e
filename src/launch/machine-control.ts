// MachineControl: what hv's user does with a running machine: keys after ^A, and SIGQUIT.

import {SIGKILL} from '../abi/signal.ts'
import {HvError} from '../errors.ts'
import type {KernelMachine} from '../machine/kernel/kernel-machine.ts'
import type {Launch} from './launch.ts'
import {commandRows} from './options/command.ts'
import {tell} from './tell.ts'

const CORE_FLAG = commandRows.core.flag

export class MachineControl {
  readonly #machine: KernelMachine
  readonly #launch: Launch

  constructor(machine: KernelMachine, launch: Launch) {
    this.#machine = machine
    this.#launch = launch
  }

  /** By key; the order is that of the help. */
  readonly keys: ReadonlyMap<string, () => void> = new Map([
    ['h', () => this.help()],
    ['x', () => this.#machine.stop({exitCode: null, signal: SIGKILL, timedOut: false})],
    ['d', () => void this.dump()],
    ['n', () => void this.nmi()],
  ])

  help(): void {
    tell(`^A x ends the machine, ^A d writes a core, as SIGQUIT does (${CORE_FLAG}),`)
    tell('^A n is an NMI (x86_64), ^A ^A is ^A')
  }

  /** SIGQUIT dumps. Call it before the jail closes. */
  listen(): Disposable {
    const heard = (): void => void this.dump()
    process.on('SIGQUIT', heard)
    return {[Symbol.dispose]: () => void process.off('SIGQUIT', heard)}
  }

  async dump(): Promise<void> {
    const {core} = this.#launch
    if (core === undefined) {
      tell(`no core is written: ${CORE_FLAG} says where to`)
      return
    }
    await this.#tried(() =>
      // Dumping its memory may take longer than the watchdog waits.
      this.#machine.whileStopped((stopped) => this.#launch.unwatched(() => core.replace(stopped))),
    )
  }

  async nmi(): Promise<void> {
    await this.#tried(() => this.#machine.nmi())
  }

  async #tried(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      if (!(error instanceof HvError)) throw error
      // The machine's end says more.
      if (error.code !== 'DISPOSED') tell(error.message)
    }
  }
}
