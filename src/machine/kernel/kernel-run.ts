// KernelRun: the run of a kernel's machine: virtio devices, and vCPUs that wait when a slow reader congests the console.

import {SIGPIPE} from '../../abi/signal.ts'
import {badArgument} from '../../errors.ts'
import type {Exit, HaltExit, HypercallExit} from '../../vm/exit.ts'
import type {Vm} from '../../vm/vm.ts'
import type {KernelStart} from '../boot/kernel-start.ts'
import {Bus, type Device, type PlacedDevice} from '../bus.ts'
import type {MachineInput, MachineOutput} from '../console/streams.ts'
import type {End} from '../debug/debugging.ts'
import {machine} from '../host-machine.ts'
import {MachineRun, type RunParts} from '../machine-run.ts'
import type {SavedDevices} from '../snapshot/manifest.ts'
import type {VirtioMmio} from '../virtio/mmio.ts'
import type {DeviceModel} from '../virtio/model.ts'
import {plugVirtio} from '../virtio/plug.ts'
import {requirePlaces} from './own-devices.ts'

/** When this much output waits for a slow reader, the vCPUs wait, too. */
const CONGESTED_BYTES = 2 ** 16
/** SMC Calling Convention: -1. */
const NOT_SUPPORTED = 2n ** 64n - 1n

/** The streams of its serial line. */
export interface KernelStreams {
  readonly input: MachineInput
  readonly output: MachineOutput
}

interface KernelParts
  extends Pick<KernelStart, 'vm' | 'highMemory' | 'vcpus'>,
    Required<Pick<RunParts, 'pauses'>> {
  /** Its owner's devices that are not virtio's. */
  readonly onBus: readonly Device[]
}

/** What a reset makes anew. */
export class KernelRun extends MachineRun implements Disposable {
  readonly vm: Vm
  readonly highMemory: KernelStart['highMemory']
  readonly devices: readonly PlacedDevice[]
  readonly #virtio: readonly VirtioMmio[]
  /** All that have a state. */
  readonly #saved: readonly Device[]
  readonly #output: MachineOutput
  #flushed: Promise<void> | undefined

  /** @param models placed after the machine's own devices. @throws HvError BAD_ARGUMENT when there are too many */
  constructor(
    {vm, vcpus, highMemory, pauses, onBus}: KernelParts,
    models: readonly DeviceModel[],
    streams: KernelStreams,
  ) {
    const devices = machine.makeKernelDevices(vm, streams)
    const plugged = plugVirtio(vm, machine.virtio, models)
    const virtio = plugged.map(({device}) => device)
    const own = [...devices.all, ...virtio]
    requirePlaces(onBus, own, vm.memory)
    const bus = new Bus([...own, ...onBus], () => this.stats.unclaimed++)
    super({vcpus, bus, devices, internalErrorStep: machine.kernelErrorStep(), pauses})
    this.stats.unclaimed = 0
    this.vm = vm
    this.highMemory = highMemory
    this.devices = [...devices.placed, ...plugged.map((each) => each.placed)]
    this.#virtio = virtio
    this.#saved = [...own, ...onBus].filter(({save}) => save !== undefined)
    this.#output = streams.output
    this.#output.onPut(() => this.#hasOutput())
  }

  /** Precondition: no vCPU runs, and the models are idle. @throws HvError BAD_ARGUMENT when one cannot be saved now */
  save(): SavedDevices {
    return this.#saved.map((device) => ({name: device.place.name, state: device.save!()}))
  }

  /** Precondition: nothing has run. @throws HvError BAD_ARGUMENT when they are of other devices */
  restore(saved: SavedDevices): void {
    const names = this.#saved.map(({place}) => place.name)
    if (names.join() !== saved.map(({name}) => name).join())
      throw badArgument(`the saved devices are not this machine's: ${names.join(', ')}`)
    for (const [index, device] of this.#saved.entries()) device.restore!(saved[index].state)
  }

  [Symbol.dispose](): void {
    for (const device of this.#virtio) device.reset()
    this.vm[Symbol.dispose]()
  }

  /** All output is handed over then, also when the run fails. */
  override async toEnd(): Promise<End> {
    try {
      return await super.toEnd()
    } finally {
      await this.#flushed
    }
  }

  protected answer(exit: HaltExit | HypercallExit): void {
    if (exit.kind === 'hypercall') exit.result = NOT_SUPPORTED
  }

  protected isCrash(exit: Exit): boolean {
    return exit.kind === 'shutdown' && (exit.reason === 'triple-fault' || exit.reason === 'crash')
  }

  protected backlog(): Promise<void> | undefined {
    return this.#isCongested ? this.#flushed : undefined
  }

  get #isCongested(): boolean {
    return this.#output.length > CONGESTED_BYTES
  }

  /** There is output: all that comes in this turn of the event loop goes out together. */
  #hasOutput(): void {
    this.#flushed ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#flush())
    // Posted stores do not end a run by themselves.
    if (this.#isCongested) this.interrupt()
  }

  async #flush(): Promise<void> {
    while (this.#output.length > 0) {
      if (!(await this.#output.isTaken())) this.stop({exitCode: null, signal: SIGPIPE, timedOut: false})
    }
    this.#flushed = undefined
  }
}
