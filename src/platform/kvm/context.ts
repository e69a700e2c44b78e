// KvmContext: the processor state of one guest thread: in the Cpu that ran it last, or saved here.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import {EVENT_PREEMPTED, type EventKind, type Fault} from '../platform.ts'
import type {LoopContext} from '../run-loop.ts'
import {
  ARGUMENTS,
  ARGUMENTS_END,
  copyCall,
  EXIT_REASON,
  HOST_ERROR,
  NUMBER,
  RECORD_WORDS,
  takeCaller,
  trapOf,
} from '../trap-words.ts'
import type {NativeCpu, NativeSpace} from './addon.ts'
import type {KvmCpu} from './cpu.ts'
import type {CpuSource} from './cpu-pool.ts'

const NOTHING = new Uint32Array()

export class KvmContext implements LoopContext<NativeSpace> {
  owner: object | undefined
  readonly argumentWords: Int32Array
  callSite = 0
  readonly isFindable = true
  /** `run` never finds a call without an exit. */
  readonly wasPolled = false
  /** The frame's words up to the arguments, copied at the trap. */
  readonly #call = new Int32Array(ARGUMENTS_END)
  /** The TrapRecord of the last fault or death. */
  readonly #trap = new Int32Array(RECORD_WORDS)
  readonly #userTop: number
  readonly #cpus: CpuSource
  /** The Cpu that holds its registers; undefined when they are saved here. */
  #cpu: KvmCpu | undefined
  readonly #saved = new BigUint64Array(arch.registerCount)
  /** Undefined: that of a new processor. */
  #savedFp: Uint8Array | undefined
  /** The array that `readRegisters` returns. */
  readonly #registers = new BigUint64Array(arch.registerCount)
  #cached: Uint32Array = NOTHING
  readonly #release: (context: KvmContext) => void
  #disposed = false

  /**
   * @param userTop user addresses end here
   * @param release called once; stops the context if it runs
   */
  constructor(cpus: CpuSource, userTop: number, release: (context: KvmContext) => void) {
    this.#cpus = cpus
    this.#userTop = userTop
    this.#release = release
    this.argumentWords = this.#call.subarray(ARGUMENTS)
  }

  /** Precondition: it was resumed. */
  get cpu(): KvmCpu {
    return this.#cpu!
  }

  /** Precondition: it was resumed. */
  get native(): NativeCpu {
    return this.#cpu!.native
  }

  get callNumber(): number {
    return this.#call[NUMBER]
  }

  /**
   * Called once per call, before anything is decided from it: on PVM hosts programs can write the frame, and go on writing while the
   * polling sentry answers.
   */
  takeCall(frame: Int32Array): void {
    copyCall(frame, this.#call)
    this.callSite = takeCaller(frame)
  }

  /** The record is the Cpu's, and another context may take the Cpu before the record is asked for. */
  takeTrap(record: Int32Array): void {
    this.#trap.set(record)
  }

  get fault(): Fault {
    return arch.faultOf(trapOf(this.#trap), this.#userTop, this)
  }

  exactFault(): Fault {
    return this.fault
  }

  /** After EVENT_DEAD: what KVM said. */
  get death(): string {
    const hostError = this.#trap[HOST_ERROR]
    return hostError === 0
      ? `KVM exit reason ${this.#trap[EXIT_REASON]}`
      : `KVM_RUN failed with errno ${hostError}`
  }

  cacheResults(results: Uint32Array): void {
    this.#cached = results
    this.#cpu?.cacheResults(results)
  }

  setResult(result: number): void {
    if (this.#cpu !== undefined) this.#cpu.setResult(result)
    else arch.setCallResult(this.#saved, result)
  }

  readRegisters(): BigUint64Array {
    if (this.#cpu !== undefined) this.#cpu.readRegisters(this.#registers)
    else this.#registers.set(this.#saved)
    return this.#registers
  }

  writeRegisters(registers: BigUint64Array): void {
    if (this.#cpu !== undefined) this.#cpu.writeRegisters(registers)
    else this.#saved.set(registers)
  }

  readFpState(): Uint8Array {
    if (this.#cpu !== undefined) return this.#cpu.readFpState()
    return (this.#savedFp ?? this.#cpus.newFpState).slice()
  }

  writeFpState(state: Uint8Array): void {
    // Only a processor knows what it refuses, and this context will need one soon.
    if (this.#cpu === undefined) this.#load(this.#cpus.take())
    if (this.#cpu === undefined) throw new Error('no Cpu is free to check an FP state')
    try {
      this.#cpu.writeFpState(state)
    } catch {
      throw new Errno(EINVAL)
    }
  }

  takeFpState(state: Uint8Array): void {
    if (this.#cpu !== undefined) this.#cpu.writeFpState(state)
    else this.#savedFp = state.slice()
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#release(this)
    if (this.#cpu === undefined) return
    // On PVM hosts a program can pretend to wait for an answer, and run on.
    this.#cpu.halt()
    this.#cpu.owner = undefined
    this.#cpu = undefined
  }

  enter(space: NativeSpace): boolean {
    const before = this.#cpu
    if (before === undefined) this.#load(this.#cpus.take())
    const cpu = this.#cpu!
    cpu.enter(space)
    cpu.cacheResults(this.#cached)
    cpu.isBusy = true
    return cpu !== before
  }

  /** Runs it here until it traps. */
  run(): EventKind {
    return this.#cpu!.run()
  }

  preempt(): EventKind {
    return this.#cpu?.preempt() ?? EVENT_PREEMPTED
  }

  /** From now on its Cpu is another context's. */
  save(): void {
    const cpu = this.#cpu!
    cpu.readRegisters(this.#saved)
    this.#savedFp = cpu.readFpState()
    this.#cpu = undefined
  }

  /** Its Cpu stopped for good, and its registers are lost. */
  lose(): void {
    this.#cpu!.owner = undefined
    this.#cpu = undefined
  }

  #load(cpu: KvmCpu | undefined): void {
    if (cpu === undefined) return
    cpu.owner?.save()
    cpu.owner = this
    this.#cpu = cpu
    cpu.writeRegisters(this.#saved)
    if (this.#savedFp !== undefined || !cpu.isNew) cpu.writeFpState(this.#savedFp ?? this.#cpus.newFpState)
    cpu.isNew = false
    this.#savedFp = undefined
  }
}
