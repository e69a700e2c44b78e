// ExitTraces: a line for each exit of a VM's vCPUs, as they come: Vm.trace.

import {arch} from '../arch/index.ts'
import {badArgument} from '../errors.ts'
import * as takes from '../options.ts'
import type {Exit} from './exit.ts'
import type {Vcpu} from './vcpu.ts'

/**
 * Called with each line, and with the vCPU of its exit, which stands still meanwhile; a line that is not of one exit has none.
 * @see {@link Vm.trace}
 */
export type TraceListener = (line: string, vcpu: Vcpu | undefined) => void

/** How {@link Vm.trace} is bounded. @see {@link Vm.trace} */
export interface TraceLimits {
  /** The trace ends after so many lines; 100,000 by default. */
  maxLines?: number
}

const traceLimits = takes.options({maxLines: takes.optional(takes.integer(1, Number.MAX_SAFE_INTEGER))})
const MAX_LINES = 100_000
/** Longer data, of string instructions alone, is cut off. */
const SHOWN_BYTES = 32
const CS_BASE = 'cs.base'

/** One exit, and when and where it came. */
interface Occurrence {
  readonly exit: Exit
  /** How many exits of the VM there were up to this one. */
  readonly number: number
  readonly pc: bigint
}

/** @internal The trace of one VM, if there is one. */
export class ExitTraces {
  readonly #indexOf: (vcpu: Vcpu) => number
  #trace: ExitTrace | undefined

  /** @param indexOf the number of a vCPU */
  constructor(indexOf: (vcpu: Vcpu) => number) {
    this.#indexOf = indexOf
  }

  get isOn(): boolean {
    return this.#trace !== undefined
  }

  /** @throws HvError BAD_ARGUMENT */
  begin(listener: TraceListener, limits: TraceLimits): Disposable {
    takes.checked(takes.callback, listener, 'listener')
    const {maxLines = MAX_LINES} = takes.checked(traceLimits, limits, 'limits') as TraceLimits
    if (this.#trace !== undefined) throw badArgument('the VM is traced already', 'end that trace first')
    const trace = new ExitTrace(listener, maxLines, this.#indexOf)
    this.#trace = trace
    return {
      [Symbol.dispose]: () => {
        if (this.#trace !== trace) return
        this.#trace = undefined
        trace.end()
      },
    }
  }

  exited(vcpu: Vcpu, exit: Exit): void {
    this.#trace?.exited(vcpu, exit)
  }

  /** The vCPU is about to go on: its exit has its answer. */
  answered(vcpu: Vcpu): void {
    this.#trace?.answered(vcpu)
  }
}

class ExitTrace {
  readonly #listener: TraceListener
  readonly #maxLines: number
  readonly #indexOf: (vcpu: Vcpu) => number
  /** Reads, whose data comes with the answer. */
  readonly #waiting = new Map<Vcpu, Occurrence>()
  #exits = 0
  #lines = 0
  /** The last line without its number, and how often it came again. */
  #last: {text: string; again: number} | undefined

  constructor(listener: TraceListener, maxLines: number, indexOf: (vcpu: Vcpu) => number) {
    this.#listener = listener
    this.#maxLines = maxLines
    this.#indexOf = indexOf
  }

  exited(vcpu: Vcpu, exit: Exit): void {
    if (this.#isFull) return
    const occurrence = {exit, number: ++this.#exits, pc: programCounter(vcpu)}
    if (waitsForAnswer(exit)) this.#waiting.set(vcpu, occurrence)
    else this.#tell(vcpu, occurrence)
  }

  answered(vcpu: Vcpu): void {
    const occurrence = this.#waiting.get(vcpu)
    if (occurrence === undefined) return
    this.#waiting.delete(vcpu)
    this.#tell(vcpu, occurrence)
  }

  end(): void {
    for (const [vcpu, occurrence] of this.#waiting) this.#tell(vcpu, occurrence)
    this.#waiting.clear()
    this.#tellAgain()
  }

  get #isFull(): boolean {
    return this.#lines >= this.#maxLines
  }

  #tell(vcpu: Vcpu, {exit, number, pc}: Occurrence): void {
    const text = `vcpu${this.#indexOf(vcpu)} ${hex(pc)} ${textOf(exit)}`
    if (this.#last?.text === text) {
      this.#last.again++
      return
    }
    this.#tellAgain()
    this.#last = {text, again: 0}
    this.#put(`${number} ${text}`, vcpu)
  }

  /** A guest that polls makes one exit for ever: its line is written once, with how often it came. */
  #tellAgain(): void {
    if (this.#last === undefined || this.#last.again === 0) return
    const {again} = this.#last
    this.#last = undefined
    this.#put(`and ${again} more of the same`)
  }

  #put(line: string, vcpu?: Vcpu): void {
    if (this.#isFull) return
    this.#lines++
    if (this.#isFull) this.#listener(`the trace ends after ${this.#maxLines} lines`, undefined)
    else this.#listener(line, vcpu)
  }
}

/** Of the instruction that KVM goes on with, on x86_64 with CS's base. */
export function programCounter(vcpu: Vcpu): bigint {
  if (arch.name === 'arm64') return vcpu.registers.get('pc')
  // In 64-bit mode processors take it for 0, whatever it is.
  return BigInt.asUintN(64, vcpu.registers.get('rip') + vcpu.registers.get(CS_BASE))
}

const waitsForAnswer = (exit: Exit): boolean =>
  (exit.kind === 'io' && exit.direction === 'in') ||
  (exit.kind === 'mmio' && !exit.isWrite) ||
  exit.kind === 'hypercall'

/** Its kind, and what it is about. */
function textOf(exit: Exit): string {
  switch (exit.kind) {
    case 'io': {
      const times = exit.count > 1 ? ` (${exit.count} times ${exit.size})` : ''
      return `io ${exit.direction} ${hex(exit.port)} ${shownData(exit.data, exit.size)}${times}`
    }
    case 'mmio':
      return `mmio ${exit.isWrite ? 'write' : 'read'} ${hex(exit.address)} ${shownData(exit.data, exit.data.length)}`
    case 'hypercall':
      return `hypercall ${hex(exit.number)} (${exit.args.map(hex).join(', ')}) = ${hex(exit.result)}`
    case 'shutdown':
      return `shutdown ${exit.reason}`
    case 'fail-entry':
      return `fail-entry ${hex(exit.hardwareReason)}`
    case 'internal-error':
      return `internal-error ${exit.suberror} ${exit.data.map(hex).join(' ')}`.trimEnd()
    case 'memory-fault':
      return `memory-fault ${exit.isPrivate ? 'private' : 'shared'} ${hex(exit.address)} ${exit.bytes}`
    case 'debug':
      return `debug ${exit.cause} ${hex(exit.address)}`
    default:
      return exit.kind
  }
}

/** One access: a number as wide as the access. Several: bytes in order. */
function shownData(data: Uint8Array, size: number): string {
  if (data.length === size) return `0x${Buffer.from(data).reverse().toString('hex')}`
  const shown = Buffer.from(data.subarray(0, SHOWN_BYTES)).toString('hex')
  return data.length > SHOWN_BYTES ? `${shown}...` : shown
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`
