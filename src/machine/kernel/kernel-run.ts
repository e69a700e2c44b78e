// KernelRun: runs a kernel's machine from its first instruction to its end: vCPUs on their own threads, and devices that answer them.

import {SIGPIPE} from '../../abi/signal.ts'
import {type Exit, isAccess} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import {isTaken} from '../console/is-taken.ts'
import type {MachineInput, MachineOutput} from '../console/streams.ts'
import {type End, type MachineDebugging, signalOf} from '../debug/debugging.ts'
import {Bus} from '../devices/bus.ts'
import {failed, notEntered} from '../failed.ts'
import {type Ending, machine} from '../machine.ts'
import type {MachineResult} from '../machine-result.ts'
import {RESET_STATUS} from '../machine-result.ts'
import type {VirtioMmio} from '../virtio/mmio.ts'
import type {DeviceModel} from '../virtio/model.ts'
import {plugVirtio} from '../virtio/plug.ts'
import type {PlacedDevice} from './kernel-start.ts'

/** When this much output waits for a slow reader, the vCPUs wait, too. */
const CONGESTED_BYTES = 2 ** 16

/** The streams of its serial line. */
export interface KernelStreams {
  readonly input: MachineInput
  readonly output: MachineOutput
}

/** The devices and vCPUs of a machine. Its kernel is loaded before `toEnd`. */
export class KernelRun implements Disposable {
  readonly stats: MachineResult['stats'] = {exits: 0, portExits: 0, memoryExits: 0, unclaimed: 0}
  readonly devices: readonly PlacedDevice[]
  /** Its debugger. Set it before `toEnd`. */
  debugging: MachineDebugging | undefined
  readonly #virtio: readonly VirtioMmio[]
  readonly #vcpus: readonly Vcpu[]
  readonly #output: MachineOutput
  readonly #bus: Bus
  readonly #ending: () => Ending | undefined
  /** The kernel has reset its machine. */
  wasReset = false
  /** The signal that a debugger sees for a vCPU that has crashed, or failed; otherwise 0. */
  failure = 0
  readonly #errorStep = machine.kernelErrorStep()
  #end: End | undefined
  #flushed: Promise<void> | undefined

  /** @param models placed after the machine's own devices. @throws HvError BAD_ARGUMENT when there are too many */
  constructor(vm: Vm, vcpus: readonly Vcpu[], models: readonly DeviceModel[], streams: KernelStreams) {
    this.#vcpus = vcpus
    this.#output = streams.output
    const {placed, all, ending} = machine.makeKernelDevices(vm, streams)
    const plugged = plugVirtio(vm, machine.virtio, models)
    this.devices = [...placed, ...plugged.map((each) => each.placed)]
    this.#virtio = plugged.map(({device}) => device)
    this.#ending = ending
    this.#output.onPut(() => this.#hasOutput())
    this.#bus = new Bus([...all, ...this.#virtio], () => this.stats.unclaimed++)
  }

  /** The first call counts. */
  stop(end: End): void {
    this.#end ??= end
    this.#interrupt()
    this.debugging?.ended(this.#end)
  }

  [Symbol.dispose](): void {
    for (const device of this.#virtio) device.reset()
  }

  async toEnd(): Promise<End> {
    const runs = this.#vcpus.map((vcpu) => this.#runOne(vcpu))
    // Waits until all stand still, whichever fails.
    await Promise.allSettled(runs)
    await Promise.all(runs)
    await this.#flushed
    return this.#end!
  }

  get #isCongested(): boolean {
    return this.#output.length > CONGESTED_BYTES
  }

  /** There is output: all that comes in this turn of the event loop goes out together. */
  #hasOutput(): void {
    this.#flushed ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#flush())
    // Posted stores do not end a run by themselves.
    if (this.#isCongested) this.#interrupt()
  }

  async #flush(): Promise<void> {
    while (!this.#output.isEmpty) {
      if (!(await isTaken(this.#output))) this.stop({exitCode: null, signal: SIGPIPE, timedOut: false})
    }
    this.#flushed = undefined
  }

  async #runOne(vcpu: Vcpu): Promise<void> {
    const {debugging} = this
    let exit: Exit | undefined
    try {
      for (;;) {
        if (debugging !== undefined) await debugging.mayRun(vcpu)
        if (this.#end !== undefined) return
        exit = await vcpu.runAsync()
        this.stats.exits++
        if (debugging?.takesExit(vcpu, exit)) continue
        if (isCrash(exit)) await this.#fails(vcpu, exit)
        this.#handle(exit, vcpu)
        if (this.#isCongested) await this.#flushed
      }
    } catch (error) {
      if (exit !== undefined) await this.#fails(vcpu, exit)
      // A vCPU that cannot go on ends them all.
      this.stop({exitCode: null, signal: null, timedOut: false})
      throw error
    }
  }

  /** Resolves when the debugger lets the vCPU end. */
  async #fails(vcpu: Vcpu, exit: Exit): Promise<void> {
    this.failure = signalOf(exit)
    await this.debugging?.failed(vcpu, exit)
  }

  #handle(exit: Exit, vcpu: Vcpu): void {
    if (isAccess(exit)) {
      this.stats[exit.kind === 'io' ? 'portExits' : 'memoryExits']++
      this.#bus.handle(exit)
      const ending = this.#ending()
      if (ending !== undefined) this.#endBy(ending)
      return
    }
    switch (exit.kind) {
      case 'interrupted':
      case 'halt':
      case 'debug':
        return
      case 'shutdown':
        this.#endBy(machine.endingOf(exit.reason))
        return
      case 'hypercall':
        exit.result = NOT_SUPPORTED
        return
      case 'fail-entry':
        throw notEntered(exit.hardwareReason)
      case 'internal-error': {
        const at = `0x${vcpu.registers.get(machine.programCounter).toString(16)}`
        throw failed(
          `KVM cannot go on behind address ${at}: internal error ${exit.suberror}`,
          this.#errorStep,
        )
      }
    }
  }

  #endBy(ending: Ending): void {
    this.wasReset = ending === 'reset' && this.#end === undefined
    this.stop({exitCode: ending === 'reset' ? RESET_STATUS : ending, signal: null, timedOut: false})
  }

  #interrupt(): void {
    for (const vcpu of this.#vcpus) vcpu.interrupt()
  }
}

/** Ends the run as a reset does, but a debugger is told why. */
const isCrash = (exit: Exit): boolean =>
  exit.kind === 'shutdown' && (exit.reason === 'triple-fault' || exit.reason === 'crash')

/** SMC Calling Convention: -1. */
const NOT_SUPPORTED = 2n ** 64n - 1n
