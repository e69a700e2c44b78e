// MemorySlot: a range of guest physical addresses backed by memory.

import {E2BIG, EACCES, EEXIST, EFAULT, EINVAL, ENOMEM, ENOSYS, EPERM} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import type {NativeMemorySlot, NativeVm} from './addon.ts'
import {type DirtyRange, PAGES_OF_WORD, rangesOf} from './dirty-ranges.ts'
import {hugePageBytes, isSize, outOfHugePages} from './huge-pages.ts'
import {checkSlotOptions, type MemorySlotOptions} from './memory-slot-options.ts'
import {type Failure, orThrow} from './open-error.ts'
import {populate} from './populate.ts'
import {PrivatePages} from './private-pages.ts'
import {lazyDenied, type MissingPages, thisThread} from './serve-pages.ts'

/**
 * A range of guest physical addresses backed by memory; {@link Vm.addMemory} makes them.
 *
 * @example
 * using slot = vm.addMemory({address: 0x100000, bytes: 0x10000, logsDirty: true})
 * vm.memory.write(slot.address, Uint8Array.of(1, 2, 3))
 * slot.release(slot.address, slot.bytes)
 * console.log(vm.memory.read(slot.address, 3), slot.takeDirty()) // Uint8Array(3) [ 0, 0, 0 ] []
 */
export class MemorySlot implements Disposable {
  /** Guest physical. */
  readonly address: number
  readonly bytes: number
  /** @internal for making an equal slot */
  readonly kind: Required<Pick<MemorySlotOptions, 'readOnly' | 'logsDirty' | 'hugePages' | 'guestMemfd'>>
  /** Of lazy memory: what {@link servePages} takes. */
  readonly missing: MissingPages | undefined
  readonly #native: NativeMemorySlot
  readonly #buffer: ArrayBuffer
  readonly #forget: (slot: MemorySlot) => void
  /** None: its memory cannot be private. */
  readonly #private: PrivatePages | undefined
  #isDisposed = false

  /** @internal Vm.addMemory makes them. @param isProtected the VM is software-protected @throws HvError BAD_ARGUMENT, MEMORY_SIZE, OUT_OF_MEMORY */
  constructor(
    vm: NativeVm,
    options: MemorySlotOptions,
    isProtected: boolean,
    forget: (slot: MemorySlot) => void,
  ) {
    const checked = checkSlotOptions(options, isProtected)
    this.#native = create(vm, checked)
    this.#buffer = this.#native.memory
    this.#forget = forget
    this.address = checked.address
    this.bytes = checked.bytes
    const {readOnly, logsDirty, hugePages, lazy, guestMemfd, address, bytes} = checked
    const {missingFd: fd, hostAddress} = this.#native
    this.missing = lazy ? {address, bytes, fd, hostAddress, threadId: thisThread()} : undefined
    this.kind = {readOnly, logsDirty, hugePages, guestMemfd}
    if (isProtected && guestMemfd) this.#private = new PrivatePages(bytes / addon.pageBytes)
  }

  /** Whether the range lies in this slot. */
  holds(address: number, length: number): boolean {
    return address >= this.address && length <= this.bytes && address - this.address <= this.bytes - length
  }

  /**
   * The pages that the guest has written since they were taken last, in order; what the host writes does not count. In the same step they
   * become unwritten again (KVM_CLEAR_DIRTY_LOG). Read them afterwards: what a running guest writes meanwhile is in them, or is taken next.
   * @param address with `length`: only pages of this range, of whole pages. All others stay as they are
   * @throws HvError BAD_ARGUMENT when the slot logs none, MEMORY_RANGE, DISPOSED
   */
  takeDirty(
    address: number = this.address,
    length: number = this.address + this.bytes - address,
  ): DirtyRange[] {
    const page = addon.pageBytes
    const offset = this.#pagesAt(address, length)
    if (!this.kind.logsDirty) throw badArgument('the slot logs no dirty pages', 'make it with logsDirty')
    const [first, count] = [offset / page, length / page]
    const firstWord = Math.floor(first / PAGES_OF_WORD)
    const bitmap = new BigUint64Array(Math.ceil((first + count) / PAGES_OF_WORD) - firstWord)
    this.#native.takeDirty(first, count, bitmap)
    return rangesOf(bitmap, this.address + firstWord * PAGES_OF_WORD * page, page)
  }

  /**
   * Gives memory back to the host, as a balloon does: it reads as zeros afterwards, in the file as well.
   * @param address guest physical; a multiple of the host's page size, as `length` is
   * @throws HvError MEMORY_RANGE, HOST_SYSCALL, DISPOSED; BAD_ARGUMENT for lazy memory, whose pages would only be missing again
   */
  release(address: number, length: number): void {
    const offset = this.#offsetOf(address, length)
    if (this.missing !== undefined) throw badArgument('lazy memory is not released', 'leave it to its slot')
    orThrow(
      () => this.#native.release(offset, length),
      (cause) => {
        const message = `the host cannot take memory back: ${cause.message}`
        return new HvError('HOST_SYSCALL', message, `give multiples of ${addon.pageBytes}`, {cause})
      },
    )
  }

  /** @internal GuestMemory's */
  setPrivate(address: number, length: number, isPrivate: boolean): void {
    const offset = this.#pagesAt(address, length)
    if (this.#private === undefined) {
      const nextStep = "make the VM with type 'sw-protected', and the memory with guestMemfd"
      throw badArgument(`memory at address 0x${this.address.toString(16)} cannot be private`, nextStep)
    }
    if (length === 0) return
    const failed = (cause: Failure): HvError =>
      new HvError('HOST_SYSCALL', `the host cannot convert memory: ${cause.message}`, '', {cause})
    orThrow(() => this.#native.setPrivate(offset, length, isPrivate), failed)
    this.#private.set(offset / addon.pageBytes, length / addon.pageBytes, isPrivate)
    // What the guest no longer finds is the host's again: a guest that converts would double its memory.
    if (isPrivate) orThrow(() => this.#native.discard(offset, length), failed)
    else orThrow(() => this.#native.discardPrivate(offset, length), failed)
  }

  /** Whether the view is one of this memory. @internal GuestMemory's */
  shows(view: Uint8Array): boolean {
    return view.buffer === this.#buffer
  }

  /** Precondition: the memory shows the view. @internal GuestMemory's */
  discard({byteOffset, length}: Uint8Array): number {
    const page = addon.pageBytes
    const begin = Math.ceil(byteOffset / page) * page
    const end = Math.floor((byteOffset + length) / page) * page
    // Missing pages would only be missing again, and a huge page is given back as a whole.
    if (begin >= end || this.missing !== undefined || isSize(this.kind.hugePages)) return 0
    this.#native.discard(begin, end - begin)
    return end - begin
  }

  /** Precondition: it is not disposed. @internal GuestMemory's */
  get residentBytes(): number {
    return this.#native.resident()
  }

  /** @internal GuestMemory's */
  populate(address: number, length: number): Promise<void> {
    const offset = this.#pagesAt(address, length)
    this.#refusePrivate(offset, length)
    const usable = (): NativeMemorySlot => {
      this.#check()
      return this.#native
    }
    return populate(usable, offset, length)
  }

  /** The memory itself; empty once the slot is disposed of. @internal GuestMemory's */
  view(address: number, length: number): Uint8Array {
    const offset = this.#offsetOf(address, length)
    this.#refusePrivate(offset, length)
    return new Uint8Array(this.#buffer, offset, length)
  }

  /** @internal GuestMemory's */
  publish(address: number, length: number): void {
    this.#native.publish(this.#offsetOf(address, length), length)
  }

  /**
   * From now on the memory is what a file has, from `fileOffset` on, privately. @throws HvError BAD_ARGUMENT @internal for restoring; no vCPU
   * has run
   */
  mapCopyOf(file: number, fileOffset: number): void {
    orThrow(
      () => this.#native.mapCopyOf(file, fileOffset),
      (cause) => badArgument(`the memory's file cannot be mapped: ${cause.message}`, '', {cause}),
    )
  }

  /** Removes the memory: the guest finds none there any more, and views of it become empty. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.leave(false)
    this.#forget(this)
  }

  /** Precondition: it is not disposed. @param withVm the VM is about to go @internal Vm's */
  leave(withVm: boolean): void {
    this.#isDisposed = true
    this.#native.dispose(withVm)
  }

  #refusePrivate(offset: number, length: number): void {
    if (this.#private === undefined || length === 0) return
    const page = addon.pageBytes
    const first = Math.floor(offset / page)
    if (!this.#private.hasAny(first, Math.ceil((offset + length) / page) - first)) return
    const place = `${length} bytes at address 0x${(this.address + offset).toString(16)}`
    const nextStep = 'make it shared first: vm.memory.setPrivate'
    throw new HvError('MEMORY_RANGE', `${place} are private memory, which is the guest's alone`, nextStep)
  }

  #pagesAt(address: number, length: number): number {
    const offset = this.#offsetOf(address, length)
    const page = addon.pageBytes
    if (offset % page === 0 && length % page === 0) return offset
    const message = `${length} bytes at address ${address} are not whole pages`
    throw new HvError('MEMORY_RANGE', message, `give multiples of ${page}`)
  }

  #offsetOf(address: number, length: number): number {
    this.#check()
    if (this.holds(address, length) && length >= 0) return address - this.address
    throw new HvError('MEMORY_RANGE', `${length} bytes at address ${address} are not all in the slot`)
  }

  #check(): void {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the memory slot is disposed')
    // The buffer was transferred, or its VM is gone.
    if (this.#buffer.byteLength !== this.bytes) throw new HvError('DISPOSED', 'the VM is disposed')
  }
}

function create(vm: NativeVm, options: Required<MemorySlotOptions>): NativeMemorySlot {
  const {hugePages, ...others} = options
  const hugePageSize = hugePageBytes(hugePages, options.bytes)
  return orThrow(
    () => new addon.MemorySlot(vm, {...others, hugePageBytes: hugePageSize}),
    (cause) => slotError(cause, options),
  )
}

function slotError(cause: Failure, {address, bytes, hugePages = false, lazy}: MemorySlotOptions): HvError {
  const place = `${bytes} bytes of memory at address 0x${address.toString(16)}`
  switch (cause.errno) {
    case EPERM:
    case EACCES:
    case ENOSYS:
      if (lazy) return lazyDenied(cause)
      break
    case EEXIST:
      return new HvError('MEMORY_SIZE', `${place} overlap memory that is there`, '', {cause})
    case ENOMEM:
      if (isSize(hugePages)) return outOfHugePages(hugePages, bytes, cause)
      return new HvError('OUT_OF_MEMORY', `the host has no memory for ${place}`, 'give fewer bytes', {cause})
    case E2BIG:
    case EFAULT:
    case EINVAL:
      return new HvError('MEMORY_SIZE', `KVM refuses ${place}`, 'is it beyond what the VM can address?', {
        cause,
      })
  }
  return badArgument(`${place} cannot be made: ${cause.message}`, '', {cause})
}
