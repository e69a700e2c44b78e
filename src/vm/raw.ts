// RawKvm: a descriptor of KVM's, and any ioctl on it: for what the VM API has no name for.

import {errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'

const ARGUMENT_BYTES_MAX = 1 << 24
const POINTER_BYTES = 8
const number = takes.integer(0, Number.MAX_SAFE_INTEGER)
const requestNumber = takes.integer(0, 2 ** 32 - 1)

/**
 * A descriptor of KVM's, and any ioctl on it, for experiments: what Linux's api.rst names and the VM API does not. **It is outside of what hv
 * promises**: what an ioctl changes behind the VM API's back may break that, and this class may change with any version. The kernel gets
 * copies of what it is given, and cannot write past them (EFAULT). An address that stands in the bytes themselves is the caller's to answer
 * for: KVM shows a guest whatever memory of this process it is told to.
 *
 * @example
 * const KVM_GET_API_VERSION = 0xae00
 * console.log(vm.rawSystem.ioctl(KVM_GET_API_VERSION)) // 12
 * const KVM_GET_MP_STATE = 0x8004ae98
 * const state = new Uint8Array(4)
 * vcpu.raw.ioctl(KVM_GET_MP_STATE, state)
 * console.log(state[0]) // 0
 */
export class RawKvm {
  readonly #fd: () => number

  /** @internal @param fd throws while it may not be used */
  constructor(fd: () => number) {
    this.#fd = fd
  }

  /** hv's own, open as long as its owner: do not close it. @throws HvError DISPOSED; VCPU_BUSY while the vCPU runs */
  get fd(): number {
    return this.#fd()
  }

  /**
   * Makes an ioctl (man 2 ioctl), which blocks this thread until it is done.
   * @param request its number: `_IO('KVM')` and so on, linux/kvm.h
   * @param argument a number; or the bytes of a structure, 16 MiB at most, which get what the kernel writes
   * @param pointers what the structure points to: bytes by the offset of their address in `argument`
   * @returns what the ioctl does, a number from 0 on: 0, a new descriptor, which is yours to close, or a size
   * @throws HvError HOST_SYSCALL, whose `errno` names the error; BAD_ARGUMENT; as `fd`
   */
  ioctl(
    request: number,
    argument: number | Uint8Array = 0,
    pointers: Readonly<Record<number, Uint8Array>> = {},
  ): number {
    takes.checked(requestNumber, request, 'request')
    if (typeof argument === 'number') takes.checked(number, argument, 'argument')
    else checkBytes('argument', argument)
    const pointed = Object.entries(pointers).map(([offset, bytes]) => [Number(offset), bytes] as const)
    for (const [offset, bytes] of pointed) {
      checkBytes(`what offset ${offset} points to`, bytes)
      if (typeof argument === 'number' || !(offset >= 0 && offset + POINTER_BYTES <= argument.length))
        throw badArgument(`the argument has no pointer at offset ${offset}`)
    }
    const [offsets, pieces] = [pointed.map(([offset]) => offset), pointed.map(([, bytes]) => bytes)]
    const result = addon.rawIoctl(this.#fd(), request, argument, offsets, pieces)
    if (result >= 0) return result
    const errno = errnoName(-result)
    throw new HvError('HOST_SYSCALL', `ioctl 0x${request.toString(16)} failed: ${errno}`, '', {errno})
  }
}

function checkBytes(name: string, bytes: unknown): void {
  const {length} = takes.checked(takes.bytes, bytes, name) as Uint8Array
  if (length > ARGUMENT_BYTES_MAX) throw badArgument(`${name} has more than 16 MiB`)
}
