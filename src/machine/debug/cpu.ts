// Cpu: what a debugger knows of a vCPU: whether it may run, and how far its step has come.

import {arch} from '../../arch/index.ts'
import type {StepRange, Stop} from '../../gdb/target.ts'
import {type Exit, isUnfinished} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {maskInterrupts, mayMask} from './arm64-step.ts'
import type {GuestVirtual} from './guest-virtual.ts'
import {programCounter} from './vcpu-registers.ts'

/** On arm64. */
const INSTRUCTION_BYTES = 4

export class Cpu {
  /** gdb's number, from 1 on. */
  readonly thread: number
  readonly vcpu: Vcpu
  mode: 'held' | 'goes' | 'steps' = 'held'
  range: StepRange | undefined
  /** A stop that came while another was being reported: reported when this vCPU resumes. */
  untold: Stop | undefined
  /** Inside its run. */
  isRunning = false
  /** Its last exit was an access: KVM completes the instruction when the next run begins. */
  #isUnfinished = false
  /** The next run completes that instruction and does no more. */
  #isFinishing = false
  /** Where its step began. */
  #from = 0n
  #wake: (() => void) | undefined
  #unmask: (() => void) | undefined
  readonly #memory: GuestVirtual
  /** hv itself has to hold interrupts back while this vCPU steps. */
  readonly #masksSteps: boolean

  constructor(vcpu: Vcpu, thread: number, memory: GuestVirtual) {
    this.vcpu = vcpu
    this.#memory = memory
    this.thread = thread
    this.#masksSteps = arch.name === 'arm64' && mayMask(vcpu.registers)
  }

  /** It stands still, and its registers say where. */
  get isParked(): boolean {
    return this.#wake !== undefined
  }

  /** @param parked called when it is parked */
  async park(parked: () => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      parked()
    })
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Precondition: it is parked, or has just been. */
  go(mode: 'goes' | 'steps', range?: StepRange): void {
    this.mode = mode
    this.range = range
    if (mode === 'steps') this.#from = programCounter(this.vcpu)
  }

  /** Called before each run. */
  begin(): void {
    // An instruction that waits for an answer is completed first, and alone: KVM decides whether that counts as a step.
    this.#isFinishing = this.#isUnfinished && this.mode !== 'goes'
    if (this.#isFinishing) this.vcpu.interrupt()
    else if (this.mode === 'steps' && this.#masksSteps) this.#unmask = this.#maskInterrupts()
    this.isRunning = true
  }

  /** Whether it stands between two instructions. */
  get isBetween(): boolean {
    return !this.#isUnfinished
  }

  /** Called after each run. */
  landed(exit: Exit): void {
    this.isRunning = false
    this.#unmask?.()
    this.#unmask = undefined
    this.#isUnfinished = isUnfinished(exit)
  }

  /** Whether its step is done, or the part of one that gdb wants to hear of. */
  hasStepped(exit: Exit): boolean {
    if (this.mode !== 'steps') return false
    const at = programCounter(this.vcpu)
    const isDone =
      exit.kind === 'debug' ? exit.cause === 'step' : this.#isFinishing && at !== this.#from && this.isBetween
    if (!isDone) return false
    const {range} = this
    if (range === undefined || at < range.address || at >= range.end) return true
    this.#from = at
    return false
  }

  #maskInterrupts(): () => void {
    const bytes = Buffer.from(this.#memory.read(this.vcpu, programCounter(this.vcpu), INSTRUCTION_BYTES))
    const instruction = bytes.length === INSTRUCTION_BYTES ? bytes.readUInt32LE() : undefined
    return maskInterrupts(this.vcpu.registers, instruction)
  }

  /** Stops it as soon as possible. */
  hold(): void {
    this.mode = 'held'
    if (this.isRunning) this.vcpu.interrupt()
  }
}
