// WatchedPlaces: memory whose changes stop a program: compared after each step, as no platform gives a program its debug registers.

/** Each is read after each instruction. */
const MAX_PLACES = 16

export class WatchedPlaces {
  readonly #places = new Map<string, {address: number; bytes: Uint8Array}>()

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  /** @returns false: it cannot be read, or there are too many */
  add(address: number, bytes: Uint8Array, length: number): boolean {
    if (bytes.length < length || this.#places.size >= MAX_PLACES) return false
    this.#places.set(`${address},${length}`, {address, bytes: bytes.slice()})
    return true
  }

  remove(address: number, length: number): void {
    this.#places.delete(`${address},${length}`)
  }

  clear(): void {
    this.#places.clear()
  }

  /** @returns the first one that has changed since the last look */
  changed(read: (address: number, length: number) => Uint8Array): number | undefined {
    let found: number | undefined
    for (const place of this.#places.values()) {
      const now = read(place.address, place.bytes.length)
      if (Buffer.compare(now, place.bytes) === 0) continue
      found ??= place.address
      if (now.length === place.bytes.length) place.bytes = now.slice()
    }
    return found
  }
}
