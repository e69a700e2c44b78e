// MemoryUsage: a process's resident pages and faults, with those of memory that execve(2) or its end took.

import type {MemoryMap} from './memory-map.ts'

export class MemoryUsage {
  #map: MemoryMap | undefined
  #residentAtEnd = 0
  #peakBytes = 0
  #faults: number

  constructor(map: MemoryMap) {
    this.#map = map
    // Memory that is shared, by vfork(2), has had faults of its owner.
    this.#faults = -map.faults
  }

  get residentBytes(): number {
    return this.#map?.residentBytes ?? this.#residentAtEnd
  }

  get peakBytes(): number {
    return Math.max(this.#peakBytes, this.#map?.peakBytes ?? 0)
  }

  get faults(): number {
    return this.#faults + (this.#map?.faults ?? 0)
  }

  /** execve(2). */
  replace(map: MemoryMap): void {
    this.end()
    this.#map = map
  }

  /** Call before the memory is released. */
  end(): void {
    this.#residentAtEnd = this.residentBytes
    this.#peakBytes = this.peakBytes
    this.#faults = this.faults
    this.#map = undefined
  }
}
