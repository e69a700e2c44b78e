// MachineRun: runs a machine from its first instruction to its end: vCPUs on their own threads, devices, a debugger, failures.

import {type Exit, type HaltExit, type HypercallExit, isAccess} from '../vm/exit.ts'
import type {Vcpu} from '../vm/vcpu.ts'
import type {Bus} from './bus.ts'
import {type End, type MachineDebugging, signalOf} from './debug/debugging.ts'
import {machine} from './host-machine.ts'
import type {Ending, MachineDevices} from './machine.ts'
import {failed, type MachineResult, RESET_STATUS} from './machine-result.ts'
import {Pauses} from './pauses.ts'

const DEADLY = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const
type Deadly = (typeof DEADLY)[number]

/** What a run is made of. */
export interface RunParts {
  readonly vcpus: readonly Vcpu[]
  readonly bus: Bus
  readonly devices: MachineDevices
  /** The next step for a guest that KVM cannot go on with. */
  readonly internalErrorStep: string
  /** Those of all its boots. Default: its own. */
  readonly pauses?: Pauses
}

/** The guest is loaded before `toEnd`. */
export abstract class MachineRun {
  readonly stats: MachineResult['stats'] = {exits: 0, portExits: 0, memoryExits: 0}
  /** Its debugger. Set it before `toEnd`. */
  debugging: MachineDebugging | undefined
  /** The guest has reset its machine. */
  wasReset = false
  /** The signal that a debugger sees for a vCPU that has crashed, or failed; otherwise 0. */
  failure = 0
  readonly vcpus: readonly Vcpu[]
  readonly #parts: RunParts
  readonly #pauses: Pauses
  #end: End | undefined

  constructor(parts: RunParts) {
    this.vcpus = parts.vcpus
    this.#parts = parts
    this.#pauses = parts.pauses ?? new Pauses()
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  /** The first call counts. */
  stop(end: End): void {
    this.#end ??= end
    this.interrupt()
    this.#pauses.changed()
    this.debugging?.ended(this.#end)
  }

  async toEnd(): Promise<End> {
    const runs = this.vcpus.map((vcpu) => this.#runOne(vcpu))
    // Waits until all stand still, whichever fails.
    await Promise.allSettled(runs)
    await Promise.all(runs)
    return this.#end!
  }

  protected interrupt(): void {
    for (const vcpu of this.vcpus) vcpu.interrupt()
  }

  /** Answers an exit that not every machine has. @throws HvError when the guest cannot go on */
  protected abstract answer(exit: HaltExit | HypercallExit): void
  /** Whether the exit ends the run as a reset does, of which a debugger is told why. */
  protected abstract isCrash(exit: Exit): boolean
  /** Called when an exit was handled. @returns what the vCPU waits for; undefined: nothing */
  protected abstract backlog(): Promise<void> | undefined

  async #runOne(vcpu: Vcpu): Promise<void> {
    const {debugging} = this
    const pauses = this.#pauses
    let exit: Exit | undefined
    try {
      for (;;) {
        if (debugging !== undefined) await debugging.mayRun(vcpu)
        while (pauses.isPaused && this.#end === undefined) await pauses.change()
        if (this.#end !== undefined) return
        pauses.entered(vcpu)
        exit = await vcpu.runAsync()
        this.stats.exits++
        if (debugging?.takesExit(vcpu, exit)) {
          pauses.left(vcpu)
          continue
        }
        if (this.isCrash(exit)) await this.#fails(vcpu, exit)
        this.#handle(exit, vcpu)
        pauses.left(vcpu)
        // What fails from here on is not the guest.
        exit = undefined
        const backlog = this.backlog()
        if (backlog !== undefined) await backlog
      }
    } catch (error) {
      pauses.left(vcpu)
      if (exit !== undefined) await this.#fails(vcpu, exit)
      // A vCPU that cannot go on ends them all.
      this.stop({exitCode: null, signal: null, timedOut: false})
      throw error
    }
  }

  /** Resolves when the debugger lets the vCPU end. */
  async #fails(vcpu: Vcpu, exit: Exit): Promise<void> {
    this.failure = signalOf(exit)
    this.#pauses.left(vcpu)
    await this.debugging?.failed(vcpu, exit)
  }

  #handle(exit: Exit, vcpu: Vcpu): void {
    const {bus, devices, internalErrorStep} = this.#parts
    if (isAccess(exit)) {
      this.stats[exit.kind === 'io' ? 'portExits' : 'memoryExits']++
      bus.handle(exit)
      const ending = devices.ending()
      if (ending !== undefined) this.#endBy(ending)
      return
    }
    switch (exit.kind) {
      case 'interrupted':
      case 'debug':
        return
      case 'halt':
      case 'hypercall':
        this.answer(exit)
        return
      case 'shutdown':
        this.#endBy(devices.endingOf(exit.reason))
        return
      case 'fail-entry':
        // A state that the processor refuses, or what KVM asks of the processor that it cannot do.
        throw failed(
          `the processor does not enter the guest: reason 0x${exit.hardwareReason.toString(16)}`,
          "correct the guest's state, or see the host's kernel log",
        )
      case 'internal-error': {
        const at = `0x${vcpu.registers.get(machine.programCounter).toString(16)}`
        throw failed(
          `KVM cannot go on behind address ${at}: internal error ${exit.suberror}`,
          internalErrorStep,
        )
      }
    }
  }

  #endBy(ending: Ending): void {
    this.wasReset = ending === 'reset' && this.#end === undefined
    this.stop({exitCode: ending === 'reset' ? RESET_STATUS : ending, signal: null, timedOut: false})
  }
}

/**
 * Signals that would end this process end its machine instead, so that it can be looked into. Call it before Jail.decide. The second such
 * signal of a kind ends this process.
 */
export function stopBySignals(stop: (end: End) => void, names: readonly Deadly[] = DEADLY): Disposable {
  const heard = (_: string, signal: number): void => stop({exitCode: null, signal, timedOut: false})
  for (const name of names) process.once(name, heard)
  return {
    [Symbol.dispose]() {
      for (const name of names) process.off(name, heard)
    },
  }
}
