// PtraceSpace: one address space: a process, and the pending edits of its mappings.

import {EAGAIN, ENOMEM} from '../../abi/errno.ts'
import {orGuestErrno} from '../guest-errno.ts'
import type {AddressSpace, Protection} from '../platform.ts'
import type {NativeTracedSpace} from './addon.ts'

/**
 * Native objects that are opened again when they are disposed of. Node frees those that are collected in turns of the event loop, and a
 * program that runs on and forks gives it none.
 */
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

export class PtraceSpace implements AddressSpace {
  readonly #objects: ReusedObjects<NativeTracedSpace>
  readonly #spaces: Set<PtraceSpace>
  #traced: NativeTracedSpace | undefined
  #isEdited = false

  /**
   * @param traced from `objects`, which get it back
   * @param spaces those not yet disposed of, to which this one adds itself
   */
  constructor(
    traced: NativeTracedSpace,
    objects: ReusedObjects<NativeTracedSpace>,
    spaces: Set<PtraceSpace>,
  ) {
    this.#traced = traced
    this.#objects = objects
    this.#spaces = spaces
    spaces.add(this)
  }

  /** What a context enters: its native object may become another space's. */
  get native(): PtraceSpace {
    return this
  }

  /** @throws Error when it is disposed of */
  get traced(): NativeTracedSpace {
    if (this.#traced === undefined) throw new Error('the address space is disposed')
    return this.#traced
  }

  map(address: number, length: number, offset: number, protection: Protection, populate = false): void {
    this.traced.set(address, length, offset, protection, populate)
    this.#isEdited = true
  }

  unmap(address: number, length: number): void {
    this.traced.set(address, length, 0, 0, false)
    this.#isEdited = true
  }

  commit(): void {
    if (!this.#isEdited) return
    this.#isEdited = false
    this.traced.commit()
  }

  fork(): AddressSpace {
    const {traced} = this
    try {
      const forked = this.#objects.take((object) => object.open(traced, true))
      return new PtraceSpace(forked, this.#objects, this.#spaces)
    } catch (error) {
      throw orGuestErrno(error, EAGAIN, ENOMEM)
    }
  }

  abandon(): void {
    this.#traced?.kill()
  }

  dispose(): void {
    if (this.#traced === undefined) return
    this.#spaces.delete(this)
    this.#objects.give(this.#traced)
    this.#traced = undefined
  }
}
