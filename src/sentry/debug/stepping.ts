// Stepping: a task executes one instruction and no more: with the processor's flag, or a breakpoint where the instruction leads.

import {arch} from '../../arch/index.ts'
import type {Task} from '../core/task.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import type {Breakpoints} from './breakpoints.ts'
import {readForced} from './forced-memory.ts'

const LONGEST_LOOK = 4

/** A step that a task is about to make, or makes. */
interface Stride {
  /** The address that it starts from. */
  readonly from: number
  /** The task has not run before this is set. */
  isArmed: boolean
  /** The flag is set for the step, and was not set by the program. */
  hasFlag: boolean
  /** The step's own breakpoint, at its end. */
  breakpoint: number | undefined
}

export class Stepping {
  readonly #breakpoints: Breakpoints
  readonly #map: MemoryMap
  readonly #strides = new Map<Task, Stride>()

  /** @param map the memory that the breakpoints are in */
  constructor(breakpoints: Breakpoints, map: MemoryMap) {
    this.#breakpoints = breakpoints
    this.#map = map
  }

  /** The task is to make a step as soon as it runs. Precondition: it is stopped. */
  begin(task: Task): void {
    this.end(task)
    const from = arch.programCounter(task.context.readRegisters())
    this.#strides.set(task, {from, isArmed: false, hasFlag: false, breakpoint: undefined})
  }

  /** Call before the task runs. @returns false: it has made its step, through a call or a signal's handler */
  mayRun(task: Task): boolean {
    const stride = this.#strides.get(task)
    if (stride === undefined) return true
    const registers = task.context.readRegisters()
    if (arch.programCounter(registers) !== stride.from) return false
    // A fault was mended, or other tasks had its CPU.
    return stride.isArmed || this.#arm(task, stride, registers)
  }

  /** Whether a trap of the processor's flag is due to a step. */
  isByFlag(task: Task): boolean {
    return this.#strides.get(task)?.hasFlag === true
  }

  /** Whether a breakpoint here is due to a step. */
  endsAt(task: Task, address: number): boolean {
    return this.#strides.get(task)?.breakpoint === address
  }

  /** Nothing is left of it. Precondition: the task is stopped, or gone (`isGone`). */
  end(task: Task, isGone = false): void {
    const stride = this.#strides.get(task)
    if (stride === undefined) return
    this.#strides.delete(task)
    if (stride.breakpoint !== undefined) this.#breakpoints.remove(this.#map, stride.breakpoint, 'step')
    if (!stride.hasFlag || isGone) return
    const registers = task.context.readRegisters()
    arch.debug.setTrapFlag(registers, false)
    task.context.writeRegisters(registers)
  }

  endAll(isMeant: (task: Task) => boolean): void {
    for (const task of [...this.#strides.keys()]) if (isMeant(task)) this.end(task)
  }

  /** @returns false: the step leads to where the task already is */
  #arm(task: Task, stride: Stride, registers: BigUint64Array): boolean {
    const map = this.#map
    stride.isArmed = true
    const step = arch.debug.stepOf(registers, readForced(map, stride.from, LONGEST_LOOK))
    if (step === stride.from) return false
    if (step === 'trap-flag') {
      // A flag that the program itself has set stays.
      if (arch.debug.hasTrapFlag(registers)) return true
      arch.debug.setTrapFlag(registers, true)
      task.context.writeRegisters(registers)
      stride.hasFlag = true
    } else if (step !== 'call' && this.#breakpoints.add(map, step, 'step')) {
      // If there can be no breakpoint, the step faults.
      stride.breakpoint = step
    }
    return true
  }
}
