// DebuggedMachine: a machine and its vCPUs as gdb's target: who stops them, what they stopped for, and how they go on.

import {SIGKILL, SIGTRAP} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {HvError, orUndefined} from '../../errors.ts'
import type {RegisterLayout} from '../../gdb/register-layout.ts'
import {isBreakpoint, type PointKind, type Resumption, type Stop, type Target} from '../../gdb/target.ts'
import type {DebugExit, Exit} from '../../vm/exit.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {Cpu} from './cpu.ts'
import {type DebuggedParts, type End, type MachineDebugging, signalOf} from './debugging.ts'
import {GuestVirtual} from './guest-virtual.ts'
import {Points} from './points.ts'
import {layoutFor, pack, unpack} from './vcpu-registers.ts'

/** hv's own status for a machine that cannot go on. */
const FAILED = 125
const LONG_MS = 2 ** 30

export class DebuggedMachine implements Target, MachineDebugging {
  readonly layout: RegisterLayout
  wasRunning = false
  onStop: ((stop: Stop) => void) | undefined
  readonly #parts: DebuggedParts
  readonly #executable: string | undefined
  readonly #cpus: readonly Cpu[]
  readonly #memory: GuestVirtual
  readonly #points: Points
  /** Undefined while the machine runs. Otherwise all vCPUs stand still, or are about to. */
  #stop: Stop | undefined = {what: 'signal', thread: 1, signal: 0}
  /** All vCPUs stand still, and the debugger was told. */
  #isSettled = false
  #isLeaving = false
  #isOver = false
  /** A debugger is there: the machine stops where it fails. */
  #isWatched = true
  /** Nothing else keeps the process alive while the machine stands still. */
  #alive: NodeJS.Timeout | undefined

  /**
   * Holds the machine. Precondition: it has not run.
   * @param executable the path of the file that the machine runs, where gdb can read it, a byte string
   * @throws HvError KVM_UNUSABLE
   */
  constructor(parts: DebuggedParts, executable?: string) {
    const {vcpus, memory} = parts
    const limits = vcpus[0].debugLimits
    if (!limits.singleStep)
      throw new HvError('KVM_UNUSABLE', 'KVM debugs no vCPUs on this host', 'leave gdb out')
    this.#parts = parts
    this.#executable = executable
    this.#memory = new GuestVirtual(memory)
    this.#cpus = vcpus.map((vcpu, index) => new Cpu(vcpu, index + 1, this.#memory))
    this.#points = new Points(limits, memory)
    this.layout = layoutFor(vcpus[0])
  }

  get isStopped(): boolean {
    return this.#stop !== undefined
  }

  async mayRun(vcpu: Vcpu): Promise<void> {
    const cpu = this.#cpuOf(vcpu)
    while (!this.#isOver && cpu.mode === 'held' && cpu.isBetween) await cpu.park(() => this.#settle())
    if (!this.#isOver) cpu.begin()
  }

  takesExit(vcpu: Vcpu, exit: Exit): boolean {
    const cpu = this.#cpuOf(vcpu)
    cpu.landed(exit)
    if (this.#isOver) return exit.kind === 'debug'
    if (cpu.hasStepped(exit)) this.#stopAll({what: 'signal', thread: cpu.thread, signal: SIGTRAP})
    else if (exit.kind === 'debug') this.#came(cpu, exit)
    return exit.kind === 'debug'
  }

  async failed(vcpu: Vcpu, exit: Exit): Promise<void> {
    if (!this.#isWatched || this.#isOver) return
    const cpu = this.#cpuOf(vcpu)
    const stop: Stop = {what: 'signal', thread: cpu.thread, signal: signalOf(exit)}
    if (this.#stop === undefined) this.#stopAll(stop)
    else cpu.untold = stop
    cpu.mode = 'held'
    while (!this.#isOver && cpu.mode === 'held') await cpu.park(() => this.#settle())
  }

  ended(end: End): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isSettled = true
    clearInterval(this.#alive)
    this.#stop = stopOf(end)
    for (const cpu of this.#cpus) cpu.wake()
    this.onStop?.(this.#stop)
  }

  threads(): readonly number[] {
    return this.#isOver ? [] : this.#cpus.map(({thread}) => thread)
  }

  nameOf(thread: number): string {
    return `CPU ${thread - 1}`
  }

  readRegisters(thread: number): Uint8Array {
    return pack(this.layout, this.#vcpu(thread)!)
  }

  writeRegisters(thread: number, bytes: Uint8Array): boolean {
    return unpack(this.layout, bytes, this.#vcpu(thread)!)
  }

  readMemory(address: bigint, length: number, thread: number): Uint8Array {
    const vcpu = this.#vcpu(thread)
    return vcpu === undefined ? new Uint8Array() : this.#memory.read(vcpu, address, length)
  }

  writeMemory(address: bigint, bytes: Uint8Array, thread: number): boolean {
    const vcpu = this.#vcpu(thread)
    return vcpu !== undefined && this.#memory.write(vcpu, address, bytes)
  }

  addPoint(kind: PointKind, address: bigint, length: number, thread: number): boolean | undefined {
    const vcpu = this.#vcpu(thread)
    if (vcpu === undefined) return false
    if (!isBreakpoint(kind) && vcpu.debugLimits.watchpoints === 0) return undefined
    const place =
      kind === 'software' ? this.#memory.find(vcpu, address, arch.debug.breakpoint.length) : undefined
    if (!this.#points.add({kind, address, length, place})) return false
    // The processor may not support it: a watchpoint of three bytes, say.
    const takes = (): true => {
      vcpu.debug(this.#points.asked)
      return true
    }
    if (orUndefined(takes)) return true
    this.#points.remove(kind, address, length)
    return false
  }

  removePoint(kind: PointKind, address: bigint, length: number): boolean {
    this.#points.remove(kind, address, length)
    return true
  }

  resume(resumptions: readonly Resumption[]): void {
    this.#stop = undefined
    this.#isSettled = false
    this.wasRunning = true
    this.#isWatched = true
    const going: [Cpu, Resumption][] = this.#cpus.flatMap((cpu) => {
      const found = resumptions.find(({thread}) => thread === undefined || thread === cpu.thread)
      return found === undefined ? [] : [[cpu, found] as [Cpu, Resumption]]
    })
    const early = going.find(([cpu]) => cpu.untold !== undefined)?.[0]
    if (going.length === 0 || early !== undefined) {
      this.#stopAll(early?.untold ?? {what: 'nothing-left'})
      if (early !== undefined) early.untold = undefined
      this.#settle()
      return
    }
    this.#points.place()
    for (const [cpu, {kind, range}] of going) this.#go(cpu, kind === 'step' ? 'steps' : 'goes', range)
  }

  interrupt(signal: number): void {
    this.#isWatched = true
    // Another debugger came before the machine went on without the last one.
    if (this.#isLeaving) this.#points.clear()
    this.#isLeaving = false
    if (this.#stop === undefined) {
      this.#stopAll({what: 'signal', thread: 1, signal})
      this.#settle()
    } else if (this.#isSettled) this.onStop?.(this.#stop)
  }

  kill(): void {
    this.#parts.kill()
  }

  detach(): void {
    this.onStop = undefined
    this.#isLeaving = false
    this.#isWatched = false
    this.#points.clear()
    if (this.#isOver) return
    this.#stop = undefined
    this.#isSettled = false
    for (const cpu of this.#cpus) {
      cpu.untold = undefined
      this.#go(cpu, 'goes')
    }
  }

  /** gdb went away without a word: nothing of it is left in the machine, which runs on if it ran. */
  leave(): void {
    this.onStop = undefined
    if (this.#isOver) return
    if (this.#stop !== undefined && this.#isSettled) {
      this.#points.clear()
      return
    }
    this.#isLeaving = true
    this.#stopAll({what: 'signal', thread: 1, signal: 0})
    this.#settle()
  }

  executable(): string | undefined {
    return this.#executable
  }

  #came(cpu: Cpu, {cause, address}: DebugExit): void {
    const {thread} = cpu
    const stop = this.#stopOf(thread, cause, address)
    if (stop === undefined) return
    // It meets a breakpoint again when it resumes.
    if (this.#stop !== undefined) cpu.untold = stop.what === 'watchpoint' ? stop : undefined
    else this.#stopAll(stop)
  }

  #stopOf(thread: number, cause: DebugExit['cause'], address: bigint): Stop | undefined {
    switch (cause) {
      case 'step':
        return undefined
      case 'watchpoint':
        return {what: 'watchpoint', thread, address, kind: this.#points.watchAt(address)}
      case 'breakpoint':
        return {what: 'breakpoint', thread}
      case 'software':
        // Otherwise it is one of the guest's own.
        return this.#points.wants(address)
          ? {what: 'breakpoint', thread}
          : {what: 'signal', thread, signal: SIGTRAP}
    }
  }

  #stopAll(stop: Stop): void {
    if (this.#stop !== undefined) return
    this.#stop = stop
    for (const cpu of this.#cpus) cpu.hold()
  }

  #settle(): void {
    if (this.#stop === undefined || this.#isSettled || !this.#cpus.every((cpu) => cpu.isParked)) return
    this.#isSettled = true
    this.#alive ??= setInterval(() => {}, LONG_MS)
    this.#points.lift()
    if (this.#isLeaving) this.detach()
    else this.onStop?.(this.#stop)
  }

  #go(cpu: Cpu, mode: 'goes' | 'steps', range?: Resumption['range']): void {
    clearInterval(this.#alive)
    this.#alive = undefined
    cpu.go(mode, range)
    cpu.vcpu.debug({...this.#points.asked, singleStep: mode === 'steps'})
    cpu.wake()
  }

  /** Undefined once the machine has ended. */
  #vcpu(thread: number): Vcpu | undefined {
    return this.#isOver ? undefined : this.#cpus.find((cpu) => cpu.thread === thread)?.vcpu
  }

  #cpuOf(vcpu: Vcpu): Cpu {
    return this.#cpus.find((cpu) => cpu.vcpu === vcpu)!
  }
}

function stopOf({exitCode, signal, timedOut}: End): Stop {
  if (exitCode !== null) return {what: 'exited', code: exitCode}
  if (signal !== null || timedOut) return {what: 'killed', signal: signal ?? SIGKILL}
  return {what: 'exited', code: FAILED}
}
