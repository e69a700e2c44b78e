// MemoryTags: the allocation tags of a guest's memory, in a VM with memory tagging (api.rst, KVM_ARM_MTE_COPY_TAGS).

import {errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVm} from './addon.ts'
import type {GuestMemory} from './guest-memory.ts'

/** _IOR(KVMIO, 0xb4, struct kvm_arm_copy_mte_tags) of KVM_ARM_MTE_COPY_TAGS. */
const COPY_TAGS = 0x8030aeb4
const [TO_GUEST, FROM_GUEST] = [0n, 1n]
/** struct kvm_arm_copy_mte_tags: address, length, pointer, flags, and reserved words. */
const WORDS = 6
const POINTER_AT = 16
/** Arm ARM, D10: a tag is of 16 bytes. */
const GRANULE_BYTES = 16
const TAG_MAX = 15

/**
 * The allocation tags of a VM's memory, which its guest sets with STG and the like: one for 16 bytes each, from 0 to 15.
 *
 * @example
 * // arm64 only
 * if (checkExtension('KVM_CAP_ARM_MTE') > 0) {
 *   using tagged = Vm.create({memoryBytes: 0x10000, features: {mte: true}})
 *   tagged.memoryTags.write(0x1000, Uint8Array.of(7, 8))
 *   console.log(tagged.memoryTags.read(0x1000, 48)) // Uint8Array(3) [ 7, 8, 0 ]
 * }
 */
export class MemoryTags {
  readonly #native: () => NativeVm
  readonly #memory: GuestMemory
  readonly #isOn: boolean

  /** @internal Vm's @param native throws when the VM is disposed of */
  constructor(native: () => NativeVm, memory: GuestMemory, isOn: boolean) {
    this.#native = native
    this.#memory = memory
    this.#isOn = isOn
  }

  /**
   * @param address guest physical; a multiple of 16, as `length` is @returns a tag for each 16 bytes
   * @throws HvError BAD_ARGUMENT, also for a VM without `features.mte`; MEMORY_RANGE, DISPOSED
   */
  read(address: number, length: number): Uint8Array {
    const {first, pages, offset} = this.#pagesOf(address, length)
    const tags = this.#copy(FROM_GUEST, first, new Uint8Array(pages / GRANULE_BYTES))
    return tags.slice(offset, offset + length / GRANULE_BYTES)
  }

  /**
   * Sets the tags of `tags.length * 16` bytes of memory. The guest may run; then it must not change other tags of the same pages meanwhile.
   * @throws HvError as `read`; BAD_ARGUMENT for a tag above 15
   */
  write(address: number, tags: Uint8Array): void {
    takes.checked(takes.bytes, tags, 'tags')
    const wrong = tags.find((tag) => tag > TAG_MAX)
    if (wrong !== undefined) throw badArgument(`a tag cannot be ${wrong}`, `give 0 to ${TAG_MAX}`)
    const {first, pages, offset} = this.#pagesOf(address, tags.length * GRANULE_BYTES)
    // KVM takes whole pages.
    const all = this.#copy(FROM_GUEST, first, new Uint8Array(pages / GRANULE_BYTES))
    all.set(tags, offset)
    this.#copy(TO_GUEST, first, all)
  }

  /** The pages around a range; `offset`: of its first tag among theirs. */
  #pagesOf(address: number, length: number): {first: number; pages: number; offset: number} {
    if (!this.#isOn) throw badArgument('the memory of this VM has no tags', 'make it with features.mte')
    const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value % GRANULE_BYTES === 0
    if (!isWhole(address) || !isWhole(length)) {
      const message = `${length} bytes at address ${address} are no whole granules`
      throw badArgument(message, `give multiples of ${GRANULE_BYTES}`)
    }
    this.#memory.view(address, length)
    const page = addon.pageBytes
    const first = address - (address % page)
    const pages = Math.ceil((address + length) / page) * page - first
    return {first, pages, offset: (address - first) / GRANULE_BYTES}
  }

  #copy(direction: bigint, first: number, tags: Uint8Array): Uint8Array {
    const page = addon.pageBytes
    const {fd} = this.#native()
    // Page by page: KVM stops at one that it cannot reach.
    for (let at = 0; at < tags.length; at += page / GRANULE_BYTES) {
      const request = new BigUint64Array(WORDS)
      request.set([BigInt(first + at * GRANULE_BYTES), BigInt(page), 0n, direction])
      const piece = tags.subarray(at, at + page / GRANULE_BYTES)
      const result = addon.rawIoctl(fd, COPY_TAGS, new Uint8Array(request.buffer), [POINTER_AT], [piece])
      if (result >= 0) continue
      const errno = errnoName(-result)
      const message = `KVM does not copy the tags at address ${first + at * GRANULE_BYTES}: ${errno}`
      throw new HvError('HOST_SYSCALL', message, '', {errno})
    }
    return tags
  }
}
