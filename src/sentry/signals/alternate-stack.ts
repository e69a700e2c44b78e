// The alternate signal stack: sigaltstack(2).

import {EINVAL, ENOMEM, EPERM, Errno} from '../../abi/errno.ts'
import {SS_AUTODISARM, SS_DISABLE, SS_ONSTACK} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'

/** stack_t. `flags` are the guest's (SS_AUTODISARM) or, on the way out, include SS_ONSTACK or SS_DISABLE. */
export interface StackDescription {
  readonly sp: number
  readonly flags: number
  readonly size: number
}

const NONE: StackDescription = {sp: 0, flags: SS_DISABLE, size: 0}

export class AlternateStack {
  sp = 0
  size = 0
  #autodisarm = false

  /** fork(2). */
  copyFrom(other: AlternateStack): void {
    this.sp = other.sp
    this.size = other.size
    this.#autodisarm = other.#autodisarm
  }

  /** execve(2). */
  forget(): void {
    this.#assign(NONE)
  }

  /** Whether a stack pointer lies on it, for the frame builder: SS_AUTODISARM makes no difference here. */
  contains(stackPointer: number): boolean {
    return stackPointer > this.sp && stackPointer - this.sp <= this.size
  }

  /** Whether the task runs on it now. A stack that disarms itself is never in use. */
  isInUse(stackPointer: number): boolean {
    return !this.#autodisarm && this.contains(stackPointer)
  }

  describe(stackPointer: number): StackDescription {
    const state = this.size === 0 ? SS_DISABLE : this.isInUse(stackPointer) ? SS_ONSTACK : 0
    return {sp: this.sp, flags: (state | (this.#autodisarm ? SS_AUTODISARM : 0)) >>> 0, size: this.size}
  }

  /** @throws Errno EPERM (in use), EINVAL, ENOMEM (too small) */
  set(wanted: StackDescription, stackPointer: number): void {
    if (this.isInUse(stackPointer)) throw new Errno(EPERM)
    const mode = (wanted.flags & ~SS_AUTODISARM) >>> 0
    if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) throw new Errno(EINVAL)
    if (mode === SS_DISABLE) this.#assign({...NONE, flags: wanted.flags})
    else if (wanted.size < arch.kernelAbi.minSignalStack) throw new Errno(ENOMEM)
    else this.#assign(wanted)
  }

  /** A handler was entered: a stack with SS_AUTODISARM is forgotten until sigreturn brings it back. */
  disarm(): void {
    if (this.#autodisarm) this.#assign(NONE)
  }

  #assign(stack: StackDescription): void {
    this.sp = stack.sp
    this.size = stack.size
    this.#autodisarm = (stack.flags & SS_AUTODISARM) !== 0
  }
}
