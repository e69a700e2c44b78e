// runBare: runs a bare-metal guest from its file to its end. What it finds in the machine: README.md.

import type {Readable} from 'node:stream'
import {SIGKILL, SIGPIPE} from '../../abi/signal.ts'
import type {HaltExit, HypercallExit} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {Vm} from '../../vm/vm.ts'
import {Bus} from '../bus.ts'
import {MachineInput, MachineOutput} from '../console/streams.ts'
import type {Debugger, End} from '../debug/debugging.ts'
import type {DeadMachine} from '../debug/dump-machine.ts'
import {machine} from '../host-machine.ts'
import type {BareDevices} from '../machine.ts'
import {failed, type MachineResult, nowNs} from '../machine-result.ts'
import {MachineRun, stopBySignals} from '../machine-run.ts'
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
  const run = new BareRun(vcpu, streams)
  const kill = (): void => run.stopNow({exitCode: null, signal: SIGKILL, timedOut: false})
  run.debugging = options.debug?.({vcpus: [vcpu], memory: vm.memory, kill})
  using _ = options.onDead && stopBySignals((end) => run.stopNow(end))
  const died = (signal: number): void =>
    options.onDead?.({
      ...{vcpus: [vcpu], memory: vm.memory, signal},
      pieces: [{address: vm.memory.base, bytes: vm.memory.size}],
    })
  options.onLoaded?.()
  const loadedNs = nowNs()

  const stop = (): void => run.stopNow({exitCode: null, signal: null, timedOut: true})
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

class BareRun extends MachineRun {
  readonly #input: MachineInput
  readonly #output: MachineOutput
  readonly #debug: MachineOutput
  readonly #devices: BareDevices

  constructor(vcpu: Vcpu, streams: MachineStreams) {
    const output = streams.output ?? MachineOutput.toDescriptor(STDOUT)
    const debug = streams.debug ?? MachineOutput.toDescriptor(STDERR)
    const input = new MachineInput(streams.input ?? (() => process.stdin))
    const devices = machine.makeDevices({input, output, debug}, vcpu)
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

  protected pause(): Promise<void> | undefined {
    const isDone = this.#output.isEmpty && this.#debug.isEmpty && !this.#devices.isWaiting()
    return isDone ? undefined : this.#rest()
  }

  async #rest(): Promise<void> {
    const isTaken = (await this.#output.isTaken()) && (await this.#debug.isTaken())
    if (!isTaken) this.stop({exitCode: null, signal: SIGPIPE, timedOut: false})
    if (this.#devices.isWaiting() && !this.hasEnded) await this.#input.wait(POLL_MS)
  }
}
