// GuestMemory: a VM's memory by guest physical address, every access checked.

import * as v from 'valibot'
import {badArgument, HvError} from '../errors.ts'
import {bytes as aBytes, checked, truth} from '../options.ts'
import type {DirtyRange} from './dirty-ranges.ts'
import type {MemorySlot} from './memory-slot.ts'
import type {MissingPages} from './serve-pages.ts'

/**
 * A guest physical address: a number below 2^53, or a register's value.
 *
 * @example
 * const address = vcpu.registers.get(process.arch === 'arm64' ? 'pc' : 'rip')
 * console.log(vm.memory.read(address, 4).length) // 4
 */
export type GuestAddress = number | bigint

/** @internal */
export const anyAddress = v.custom<GuestAddress>(
  (value) =>
    (typeof value === 'bigint' && value >= 0n && value < 2n ** 64n) ||
    (Number.isSafeInteger(value) && (value as number) >= 0),
  'an address: a bigint below 2n ** 64n or a whole number',
)

/**
 * A VM's memory by guest physical address; every access is checked.
 *
 * @example
 * vm.memory.write(0x3000, new TextEncoder().encode('hello'))
 * const view = vm.memory.view(0x3000, 5)
 * view[0] = 0x6a
 * vm.memory.publish(0x3000, 1) // for code alone
 * console.log(new TextDecoder().decode(vm.memory.read(0x3000, 5))) // jello
 */
export class GuestMemory {
  /** Where the VM's first memory begins and how large it is: Vm.create's `memoryBase` and `memoryBytes`. */
  readonly base: number
  readonly size: number
  /** Of that memory, if it is lazy: what {@link servePages} takes. */
  readonly missing: MissingPages | undefined
  readonly #slots: readonly MemorySlot[]

  /** @internal @param slots the VM's list, which changes as slots come and go */
  constructor(slots: readonly MemorySlot[]) {
    this.#slots = slots
    this.base = slots[0].address
    this.size = slots[0].bytes
    this.missing = slots[0].missing
  }

  /** A copy. @throws HvError MEMORY_RANGE, DISPOSED */
  read(address: GuestAddress, length: number): Uint8Array {
    return this.view(address, length).slice()
  }

  /** The bytes may be code. @throws HvError MEMORY_RANGE, BAD_ARGUMENT, DISPOSED; nothing was written then */
  write(address: GuestAddress, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) checked(aBytes, bytes, 'bytes')
    this.view(address, bytes.byteLength).set(bytes)
    this.publish(address, bytes.byteLength)
  }

  /**
   * The memory itself: what the guest stores appears in it at once, even while it runs. It has length 0 once the VM is disposed. Code that
   * you store through it needs {@link publish}. @throws HvError MEMORY_RANGE, DISPOSED
   */
  view(address: GuestAddress, length: number): Uint8Array {
    return this.#slotOf(address, length).view(Number(address), length)
  }

  /**
   * The pages that the guest has written since they were taken last, in all memory that logs them: the VM's own, and that of slots, with
   * `logsDirty`; or in a range of one of them. See {@link MemorySlot.takeDirty}.
   * @throws HvError BAD_ARGUMENT where none does, MEMORY_RANGE, DISPOSED
   *
   * @example
   * using logged = Vm.create({memoryBytes: 0x10000, logsDirty: true})
   * logged.memory.write(0x1000, Uint8Array.of(1)) // not the guest
   * console.log(logged.memory.takeDirty()) // []
   */
  takeDirty(address?: GuestAddress, length?: number): DirtyRange[] {
    if (address !== undefined) return this.#slotOf(address, length ?? 1).takeDirty(Number(address), length)
    if (this.#slots.length === 0) throw disposed()
    const logging = this.#slots.filter(({kind}) => kind.logsDirty)
    if (logging.length === 0)
      throw badArgument('no memory logs dirty pages', 'make the VM, or a slot, with logsDirty')
    return logging.flatMap((slot) => slot.takeDirty())
  }

  /**
   * Backs memory with the host's now, not when it is touched first: 4 KiB or a huge page at a time, which costs a guest a fault each. It
   * does so piece by piece, and this thread's event loop turns in between (man 2 madvise, MADV_POPULATE_WRITE).
   * See {@link Vcpu.prefault} for KVM's own tables.
   * @param address with `length`: a range in one slot, of whole pages
   * @throws HvError MEMORY_RANGE; OUT_OF_MEMORY; HOST_SYSCALL before Linux 5.14; DISPOSED
   *
   * @example
   * await vm.memory.populate(vm.memory.base, vm.memory.size)
   */
  async populate(address: GuestAddress, length: number): Promise<void> {
    await this.#slotOf(address, length).populate(Number(address), length)
  }

  /**
   * Makes pages the guest's alone, or shares them with this process, as all are at first: of memory with `guestMemfd` in a VM of
   * `type: 'sw-protected'` (x86_64; KVM_SET_MEMORY_ATTRIBUTES). The guest finds a private page in the guest_memfd, which this process cannot
   * see: `read`, `write`, `view` and `populate` of it are MEMORY_RANGE. A page that changes loses what it had, and is zero. vCPUs may run
   * meanwhile. Views that were made before, and KVM itself, go on reading and writing the shared side: page tables, code and data of
   * instructions that KVM emulates (`mmio`) have to be shared.
   * @param address with `length`: whole pages in one slot
   * @throws HvError MEMORY_RANGE; BAD_ARGUMENT for memory that cannot be private; HOST_SYSCALL, DISPOSED
   *
   * @example
   * // x86_64 only
   * const hasType = (checkExtension('KVM_CAP_VM_TYPES') & 2) !== 0
   * using guarded = Vm.create({memoryBytes: 0x8000, type: hasType ? 'sw-protected' : 'default', guestMemfd: hasType})
   * if (hasType) guarded.memory.setPrivate(0x3000, 0x1000, true)
   */
  setPrivate(address: GuestAddress, length: number, isPrivate: boolean): void {
    checked(truth, isPrivate, 'isPrivate')
    this.#slotOf(address, length).setPrivate(Number(address), length, isPrivate)
  }

  /**
   * Views of a range that may span adjacent slots, in order; together they have `length` bytes.
   * @throws HvError MEMORY_RANGE, DISPOSED
   */
  views(address: number, length: number): Uint8Array[] {
    const slot = this.#slots.find((each) => each.holds(address, 1))
    // `view` throws the right error.
    if (slot === undefined) return [this.view(address, length)]
    const here = Math.min(length, slot.address + slot.bytes - address)
    const first = slot.view(address, here)
    return here === length ? [first] : [first, ...this.views(address + here, length - here)]
  }

  /**
   * Gives the host back what backs a view of this memory, as a balloon does: whole pages of the host's alone. What is read there afterwards
   * is undefined: zeros or, in a VM that was restored from a file of its memory, what was there when it was saved. Lazy memory and huge pages
   * of a size stay as they are. {@link MemorySlot.release} leaves zeros.
   * @returns how many bytes these pages have
   * @throws HvError MEMORY_RANGE for any other array, DISPOSED
   *
   * @example
   * vm.memory.discard(vm.memory.view(vm.memory.base, vm.memory.size))
   * console.log(vm.memory.residentBytes) // 0
   */
  discard(view: Uint8Array): number {
    if (this.#slots.length === 0) throw disposed()
    const slot = this.#slots.find((each) => each.shows(view))
    if (slot === undefined) throw new HvError('MEMORY_RANGE', 'the array is no view of this memory')
    return slot.discard(view)
  }

  /**
   * Bytes that the host backs at the moment (man 2 mincore), those included that were only read. In a VM that was restored from a file of its memory, they include pages of that
   * file that the host has cached. @throws HvError DISPOSED
   */
  get residentBytes(): number {
    if (this.#slots.length === 0) throw disposed()
    return this.#slots.reduce((sum, slot) => sum + slot.residentBytes, 0)
  }

  /** Makes what was stored through a view visible to the guest, to instruction fetches too. @throws HvError MEMORY_RANGE, DISPOSED */
  publish(address: GuestAddress, length: number): void {
    this.#slotOf(address, length).publish(Number(address), length)
  }

  /** @internal Whether some of the range is memory. */
  touches(address: number, length: number): boolean {
    return this.#slots.some((slot) => slot.address < address + length && address < slot.address + slot.bytes)
  }

  /** The slot that holds the whole range. */
  #slotOf(address: GuestAddress, length: number): MemorySlot {
    if (this.#slots.length === 0) throw disposed()
    const at = Number(address)
    if (Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 && length >= 0) {
      for (const slot of this.#slots) if (slot.holds(at, length)) return slot
    }
    const ranges = this.#slots.map(
      (slot) => `0x${slot.bytes.toString(16)} bytes from ${describe(slot.address)}`,
    )
    throw new HvError(
      'MEMORY_RANGE',
      `${length} bytes at guest physical address ${describe(address)} are not all memory`,
      `the VM has ${ranges.join(', ')} on`,
    )
  }
}

const disposed = (): HvError => new HvError('DISPOSED', 'the VM is disposed')

function describe(address: GuestAddress): string {
  const isWhole = typeof address === 'bigint' || Number.isInteger(address)
  return isWhole && address >= 0 ? `0x${address.toString(16)}` : String(address)
}
