// ReusedObjects: native objects that are opened again when they are disposed of. Node frees those that are collected in turns of the
// event loop, and a program that runs on and forks gives it none.

export class ReusedObjects<Native extends {dispose(): void}> {
  readonly #make: () => Native
  /** As many as were open at a time, at most. */
  readonly #idle: Native[] = []

  constructor(make: () => Native) {
    this.#make = make
  }

  /** @throws what `open` throws */
  take(open: (object: Native) => void): Native {
    const object = this.#idle.pop() ?? this.#make()
    try {
      open(object)
      return object
    } catch (error) {
      this.#idle.push(object)
      throw error
    }
  }

  /** Disposes of it. The caller forgets it. */
  give(object: Native): void {
    object.dispose()
    this.#idle.push(object)
  }
}
