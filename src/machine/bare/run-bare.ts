// runBare: runs a bare-metal guest from its file to its end. What it finds in the machine: README.md.

import type {Readable} from 'node:stream'
import {SIGKILL, SIGPIPE} from '../../abi/signal.ts'
import type {Exit} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {Vm} from '../../vm/vm.ts'
import {isTaken} from '../console/is-taken.ts'
import {MachineInput, MachineOutput} from '../console/streams.ts'
import {type Debugger, type End, type MachineDebugging, signalOf} from '../debug/debugging.ts'
import type {DeadMachine} from '../debug/dump-machine.ts'
import {Bus} from '../devices/bus.ts'
import {failed, notEntered} from '../failed.ts'
import {type MachineDevices, machine} from '../machine.ts'
import {type MachineResult, nowNs} from '../machine-result.ts'
import {stopBySignals} from '../stop-by-signals.ts'
import {GuestFile, openGuestFile} from './guest-file.ts'

/** The host backs it lazily: it costs only what the guest touches. */
export const MEMORY_BYTES = 128 * 2 ** 20
const STDOUT = 1
const STDERR = 2
/** How long a guest that polls for input is paused. */
const POLL_MS = 10

/** Default: the process's. */
export interface MachineStreams {
  input?: () => Readable
  output?: MachineOutput
  debug?: MachineOutput
}

export interface BareOptions {
  /** Host path. */
  program: string
  args: string[]
  /** Default: 128 MiB. */
  memoryBytes?: number
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
  /** Called when the machine is made and the guest is loaded, before its first instruction. */
  onLoaded?: () => void
  /** Called before `onLoaded`: the machine runs when its debugger lets it. */
  debug?: Debugger
  /** Called with the machine if it does not end with status 0, while it stands still; signals to this process then end the machine. */
  onDead?: (dead: DeadMachine) => void
}

/** @param fd the program, open for reading, which is closed then; default: it is opened. @throws HvError */
export async function runBare(
  options: BareOptions,
  streams: MachineStreams = {},
  fd = openGuestFile(options.program),
): Promise<MachineResult> {
  const startedNs = nowNs()
  using file = GuestFile.read(fd, options.program)
  const {memoryBytes = MEMORY_BYTES} = options
  using vm = Vm.create({memoryBytes, memoryBase: machine.memoryBase, nested: file.needsEl2})
  const start = file.load(vm.memory, options.args)
  const vcpu = vm.createVcpu()
  machine.boot(vm, vcpu, start)
  const run = new Run(vcpu, streams)
  const kill = (): void => run.stop({exitCode: null, signal: SIGKILL, timedOut: false})
  run.debugging = options.debug?.({vcpus: [vcpu], memory: vm.memory, kill})
  using _ = options.onDead && stopBySignals((end) => run.stop(end))
  const died = (signal: number): void =>
    options.onDead?.({
      ...{vcpus: [vcpu], memory: vm.memory, signal},
      pieces: [{address: vm.memory.base, bytes: vm.memory.size}],
    })
  options.onLoaded?.()
  const loadedNs = nowNs()

  const stop = (): void => run.stop({exitCode: null, signal: null, timedOut: true})
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop, options.timeoutMs)
  try {
    const end = await run.toEnd().catch((error) => {
      died(run.failure)
      throw error
    })
    if (end.exitCode !== 0) died(end.signal ?? 0)
    return {...end, stats: {...run.stats, loadNs: loadedNs - startedNs, runNs: nowNs() - loadedNs}}
  } finally {
    clearTimeout(timer)
    run.close()
  }
}

class Run {
  debugging: MachineDebugging | undefined
  readonly stats: MachineResult['stats'] = {exits: 0, portExits: 0, memoryExits: 0}
  /** The signal that a debugger sees when it has failed. */
  failure = 0
  readonly #vcpu: Vcpu
  readonly #input: MachineInput
  readonly #outputs: readonly MachineOutput[]
  readonly #devices: MachineDevices
  readonly #bus: Bus
  #status: number | undefined
  #end: End | undefined

  constructor(vcpu: Vcpu, streams: MachineStreams) {
    const output = streams.output ?? MachineOutput.toDescriptor(STDOUT)
    const debug = streams.debug ?? MachineOutput.toDescriptor(STDERR)
    this.#vcpu = vcpu
    this.#input = new MachineInput(streams.input ?? (() => process.stdin))
    this.#outputs = [output, debug]
    this.#devices = machine.makeDevices({input: this.#input, output, debug}, vcpu)
    this.#bus = new Bus(this.#devices.all)
  }

  /** Does not wait for its output to be read. */
  stop(end: End): void {
    for (const output of this.#outputs) output.hurry()
    this.#end ??= end
    this.#vcpu.interrupt()
    this.debugging?.ended(this.#end)
  }

  close(): void {
    this.#input.close()
  }

  async toEnd(): Promise<End> {
    let end: End = {exitCode: null, signal: null, timedOut: false}
    try {
      end = await this.#runToEnd()
      return end
    } finally {
      this.debugging?.ended(end)
    }
  }

  async #runToEnd(): Promise<End> {
    const {debugging} = this
    for (;;) {
      if (debugging !== undefined) await debugging.mayRun(this.#vcpu)
      if (this.#end !== undefined) return this.#end
      const exit = await this.#vcpu.runAsync()
      this.stats.exits++
      if (debugging?.takesExit(this.#vcpu, exit)) continue
      try {
        this.#handle(exit)
      } catch (error) {
        this.failure = signalOf(exit)
        await debugging?.failed(this.#vcpu, exit)
        throw error
      }
      for (const output of this.#outputs) {
        if (output.isEmpty || (await isTaken(output))) continue
        return {exitCode: null, signal: SIGPIPE, timedOut: false}
      }
      const status = this.#status ?? this.#devices.exitStatus()
      if (status !== undefined) return {exitCode: status, signal: null, timedOut: false}
      if (this.#devices.isWaiting()) await this.#input.wait(POLL_MS)
    }
  }

  #handle(exit: Exit): void {
    switch (exit.kind) {
      case 'io':
        this.stats.portExits++
        this.#bus.handle(exit)
        return
      case 'mmio':
        this.stats.memoryExits++
        this.#bus.handle(exit)
        return
      case 'interrupted':
      case 'debug':
        return
      case 'hypercall':
        throw failed(`the guest made hypercall ${exit.number}, and the machine has none`)
      case 'halt':
        throw failed('the guest halted, and nothing can wake it', 'end with a status for the exit port 0xf4')
      case 'shutdown':
        this.#status = this.#devices.shutDown()
        return
      case 'fail-entry':
        throw notEntered(exit.hardwareReason)
      case 'internal-error':
        throw failed(this.#explain(exit.suberror), machine.internalErrorStep)
    }
  }

  #explain(suberror: number): string {
    const at = `0x${this.#vcpu.registers.get(machine.programCounter).toString(16)}`
    return `KVM cannot go on behind address ${at} of the guest: internal error ${suberror}`
  }
}
