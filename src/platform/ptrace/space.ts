// PtraceSpace: one address space: a process, and the pending edits of its mappings.

import {EAGAIN, ENOMEM} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import {orGuestErrno} from '../guest-errno.ts'
import type {AddressSpace, Protection} from '../platform.ts'
import type {NativeTracedSpace} from './addon.ts'

export class PtraceSpace implements AddressSpace {
  readonly native: NativeTracedSpace
  readonly #spaces: Set<PtraceSpace>
  #isEdited = false

  /** @param spaces those not yet disposed of, to which this one adds itself */
  constructor(native: NativeTracedSpace, spaces: Set<PtraceSpace>) {
    this.native = native
    this.#spaces = spaces
    spaces.add(this)
  }

  map(address: number, length: number, offset: number, protection: Protection, populate = false): void {
    this.native.set(address, length, offset, protection, populate)
    this.#isEdited = true
  }

  unmap(address: number, length: number): void {
    this.native.set(address, length, 0, 0, false)
    this.#isEdited = true
  }

  commit(): void {
    if (!this.#isEdited) return
    this.#isEdited = false
    this.native.commit()
  }

  fork(): AddressSpace {
    return new PtraceSpace(forkOf(this.native), this.#spaces)
  }

  dispose(): void {
    this.#spaces.delete(this)
    this.native.dispose()
  }
}

function forkOf(native: NativeTracedSpace): NativeTracedSpace {
  try {
    return new addon.TracedSpace(native, true)
  } catch (error) {
    throw orGuestErrno(error, EAGAIN, ENOMEM)
  }
}
