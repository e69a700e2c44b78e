// Points: where gdb wants a machine to stop: in the processor's registers while any are free, then in its memory.

import {arch} from '../../arch/index.ts'
import {isBreakpoint, type PointKind} from '../../gdb/target.ts'
import type {DebugLimits, DebugOptions, Watchpoint} from '../../vm/debug.ts'

interface Point {
  readonly kind: PointKind
  readonly address: bigint
  readonly length: number
  /** Guest physical, for a breakpoint that may be placed in memory. */
  readonly place: number | undefined
}

/** The machine's memory, guest physical. */
export interface PhysicalMemory {
  read(address: number, length: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
}

const MOST = 1024

export class Points {
  readonly #limits: DebugLimits
  readonly #memory: PhysicalMemory
  readonly #points = new Map<string, Point>()
  /** The bytes that breakpoints in memory replace while the machine runs. */
  readonly #replaced = new Map<number, Uint8Array>()

  constructor(limits: DebugLimits, memory: PhysicalMemory) {
    this.#limits = limits
    this.#memory = memory
  }

  /** @returns false when there are too many, or the processor has none */
  add(point: Point): boolean {
    const name = nameOf(point)
    if (this.#points.has(name)) return true
    if (this.#points.size >= MOST) return false
    this.#points.set(name, point)
    if (this.#fits()) return true
    this.#points.delete(name)
    return false
  }

  remove(kind: PointKind, address: bigint, length: number): void {
    this.#points.delete(nameOf({kind, address, length}))
  }

  clear(): void {
    this.#points.clear()
  }

  /** Whether gdb has a breakpoint there. */
  wants(address: bigint): boolean {
    return this.#stops().some((point) => point.address === address)
  }

  watchAt(address: bigint): Watchpoint['kind'] | undefined {
    return this.#watches().find((point) => point.address === address)?.kind as Watchpoint['kind'] | undefined
  }

  /** The options for Vcpu.debug. */
  get asked(): DebugOptions {
    const {registers, memory} = this.#plan()
    return {
      breakpoints: registers.map(({address}) => address),
      watchpoints: this.#watches().map(({address, length, kind}) => ({
        ...{address, length},
        kind: kind as Watchpoint['kind'],
      })),
      softwareBreakpoints: memory.length > 0,
    }
  }

  /** Called before the machine runs. */
  place(): void {
    for (const {place} of this.#plan().memory) {
      if (place === undefined || this.#replaced.has(place)) continue
      const {breakpoint} = arch.debug
      this.#replaced.set(place, this.#memory.read(place, breakpoint.length))
      this.#memory.write(place, breakpoint)
    }
  }

  /** Called when the machine stands still: restores its memory. */
  lift(): void {
    const {breakpoint} = arch.debug
    for (const [place, bytes] of this.#replaced) {
      // Bytes that it has stored there since stay.
      if (Buffer.compare(this.#memory.read(place, breakpoint.length), breakpoint) === 0)
        this.#memory.write(place, bytes)
    }
    this.#replaced.clear()
  }

  #fits(): boolean {
    const {breakpoints, watchpoints, shared, softwareBreakpoints} = this.#limits
    const hardware = this.#stops().filter(({kind}) => kind === 'hardware').length
    const watched = this.#watches().length
    if (watched > watchpoints || hardware + (shared ? watched : 0) > breakpoints) return false
    const {memory} = this.#plan()
    return memory.length === 0 || (softwareBreakpoints && memory.every(({place}) => place !== undefined))
  }

  /** Registers go first to breakpoints that gdb wants there, then to those without a place in memory, then to the earliest of the rest. */
  #plan(): {registers: readonly Point[]; memory: readonly Point[]} {
    const {breakpoints, shared} = this.#limits
    const free = breakpoints - (shared ? this.#watches().length : 0)
    const rank = ({kind, place}: Point): number => (kind === 'hardware' ? 0 : place === undefined ? 1 : 2)
    const stops = this.#stops().toSorted((a, b) => rank(a) - rank(b))
    return {registers: stops.slice(0, free), memory: stops.slice(free)}
  }

  #stops(): Point[] {
    return [...this.#points.values()].filter(({kind}) => isBreakpoint(kind))
  }

  #watches(): Point[] {
    return [...this.#points.values()].filter(({kind}) => !isBreakpoint(kind))
  }
}

function nameOf({kind, address, length}: Omit<Point, 'place'>): string {
  return `${kind} ${address} ${isBreakpoint(kind) ? '' : length}`
}
