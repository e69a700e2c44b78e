// BareMachine: a bare-metal guest in its machine, from its file to its end. README.md says what the guest finds in the machine.

import type {Readable} from 'node:stream'
import {SIGKILL, SIGPIPE} from '../../abi/signal.ts'
import type {HaltExit, HypercallExit} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {Vm} from '../../vm/vm.ts'
import {Bus} from '../bus.ts'
import {MachineInput, MachineOutput} from '../console/streams.ts'
import type {Debugger, End} from '../debug/debugging.ts'
import type {StoppedMachine} from '../debug/dump-machine.ts'
import {traceExits} from '../debug/trace-exits.ts'
import {machine} from '../host-machine.ts'
import type {BareDevices} from '../machine.ts'
import {failed, type MachineResult, nowNs} from '../machine-result.ts'
import {MachineRun, stopBySignals} from '../machine-run.ts'
import {FlatFile, type FlatStart} from './flat-file.ts'
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
  /** The program is a flat binary, and starts so; default: it is an ELF file. */
  flat?: FlatStart
  /** It gets an interrupt controller and timers. Default: if its file says so. */
  irqchip?: boolean
  /** Default: 128 MiB. */
  memoryBytes?: number
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
  /** The machine runs when its debugger lets it. */
  debug?: Debugger
  /** Called with the machine if it does not end with status 0, while it stands still; signals to this process then end the machine. */
  onDead?: (dead: StoppedMachine) => void
  /** Gets a line for each exit: Vm.trace. */
  traceLine?: (line: string) => void
}

export class BareMachine implements Disposable {
  readonly #options: BareOptions
  readonly #vm: Vm
  readonly #vcpu: Vcpu
  readonly #run: BareRun
  readonly #signals: Disposable | undefined
  readonly #loadNs: number
  readonly #trace: Disposable | undefined

  /** Reads the program into its memory. @param fd the program, open for reading, which is closed; default: it is opened. @throws HvError */
  constructor(options: BareOptions, streams: MachineStreams = {}, fd = openGuestFile(options.program)) {
    const startedNs = nowNs()
    const {flat, program} = options
    using file = flat === undefined ? new GuestFile(fd, program) : new FlatFile(fd, program, flat)
    const {memoryBytes = MEMORY_BYTES} = options
    this.#options = options
    const {el2, irqchip} = file.needs
    const controller = {irqchip: irqchip || options.irqchip === true}
    this.#vm = Vm.create({memoryBytes, memoryBase: machine.memoryBase, nested: el2, ...controller})
    try {
      const start = file.load(this.#vm.memory, options.args)
      this.#vcpu = this.#vm.createVcpu()
      machine.boot(this.#vm, this.#vcpu, start)
      this.#trace = options.traceLine && traceExits(this.#vm, options.traceLine)
      this.#run = new BareRun(this.#vm, this.#vcpu, streams)
      const kill = (): void => this.#run.stopNow({exitCode: null, signal: SIGKILL, timedOut: false})
      this.#run.debugging = options.debug?.({vcpus: [this.#vcpu], memory: this.#vm.memory, kill})
    } catch (error) {
      this.#vm[Symbol.dispose]()
      throw error
    }
    this.#signals = options.onDead && stopBySignals((end) => this.#run.stopNow(end))
    this.#loadNs = nowNs() - startedNs
  }

  /** To its end. Call it once. @throws HvError */
  async run(): Promise<MachineResult> {
    const beganNs = nowNs()
    const {timeoutMs} = this.#options
    const stop = (): void => this.#run.stopNow({exitCode: null, signal: null, timedOut: true})
    const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs)
    try {
      const end = await this.#run.toEnd().catch((error) => {
        this.#died(this.#run.failure)
        throw error
      })
      if (end.exitCode !== 0) this.#died(end.signal ?? 0)
      return {...end, stats: {...this.#run.stats, loadNs: this.#loadNs, runNs: nowNs() - beganNs}}
    } finally {
      clearTimeout(timer)
    }
  }

  [Symbol.dispose](): void {
    this.#run.close()
    this.#trace?.[Symbol.dispose]()
    this.#signals?.[Symbol.dispose]()
    this.#vm[Symbol.dispose]()
  }

  #died(signal: number): void {
    const {memory} = this.#vm
    const pieces = [{address: memory.base, bytes: memory.size}]
    this.#options.onDead?.({vcpus: [this.#vcpu], memory, signal, pieces})
  }
}

class BareRun extends MachineRun {
  readonly #input: MachineInput
  readonly #output: MachineOutput
  readonly #debug: MachineOutput
  readonly #devices: BareDevices

  constructor({irqchip}: Vm, vcpu: Vcpu, streams: MachineStreams) {
    const output = streams.output ?? MachineOutput.toDescriptor(STDOUT)
    const debug = streams.debug ?? MachineOutput.toDescriptor(STDERR)
    const input = new MachineInput(streams.input ?? (() => process.stdin))
    const devices = machine.makeDevices({input, output, debug}, vcpu, irqchip)
    const {internalErrorStep} = machine
    super({vcpus: [vcpu], bus: new Bus(devices.all), devices, internalErrorStep})
    this.#input = input
    this.#output = output
    this.#debug = debug
    this.#devices = devices
  }

  /** Does not wait for its output to be read. */
  stopNow(end: End): void {
    this.#output.hurry()
    this.#debug.hurry()
    this.stop(end)
  }

  close(): void {
    this.#input.close()
  }

  protected answer(exit: HaltExit | HypercallExit): void {
    throw exit.kind === 'halt'
      ? failed('the guest halted, and nothing can wake it', 'end with a status for the exit port 0xf4')
      : failed(`the guest made hypercall ${exit.number}, and the machine has none`)
  }

  /** Its devices say what a crash is: an error, or an end. */
  protected isCrash(): boolean {
    return false
  }

  protected backlog(): Promise<void> | undefined {
    const unwritten = this.#output.length + this.#debug.length
    return unwritten === 0 && !this.#devices.isWaiting() ? undefined : this.#rest()
  }

  async #rest(): Promise<void> {
    const isTaken = (await this.#output.isTaken()) && (await this.#debug.isTaken())
    if (!isTaken) this.stop({exitCode: null, signal: SIGPIPE, timedOut: false})
    if (this.#devices.isWaiting() && !this.hasEnded) await this.#input.wait(POLL_MS)
  }
}
