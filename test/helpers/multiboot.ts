// Multiboot kernels as their linkers make them: an ELF file of 32 bits, and a file whose header has addresses.

const MAGIC = 0x1badb002

export interface TestMultiboot {
  flags?: number
  /** e_machine. */
  machine?: number
  entry?: number
  /** Physical; the kernel is linked at this address and 2 GiB. */
  address?: number
  memoryBytes?: number
  /** Of the header's fields: header, load, load end, zeros' end, entry. */
  addresses?: readonly number[]
}

const ELF_HEADERS = 52 + 32
export const KERNEL_AT = 0x100000
export const HIGH_HALF = 0x80000000

export function headerOf(flags: number, addresses: readonly number[] = []): Buffer {
  const words = [MAGIC, flags, -(MAGIC + flags) >>> 0, ...addresses]
  return Buffer.from(Uint32Array.from(words).buffer)
}

/** Of 32 bits, with its header at the begin of its only segment, which ends with `code`. */
export function multibootElf(options: TestMultiboot = {}): Buffer {
  const {flags = 3, machine = 3, address = KERNEL_AT, entry = address + 12, memoryBytes = 0x3000} = options
  const bytes = Buffer.concat([headerOf(flags), Buffer.from('code')])
  const file = Buffer.alloc(ELF_HEADERS)
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machine, 18)
  file.writeUInt32LE(entry, 24)
  file.writeUInt32LE(52, 28)
  file.writeUInt16LE(32, 42)
  file.writeUInt16LE(1, 44)
  const row = [1, ELF_HEADERS, (address + HIGH_HALF) >>> 0, address, bytes.length, memoryBytes, 7, 4]
  file.set(Buffer.from(Uint32Array.from(row).buffer), 52)
  return Buffer.concat([file, bytes])
}

/** No ELF file: its header, which says where it lies, and `code`. */
export function multibootFlat(addresses: readonly number[]): Buffer {
  return Buffer.concat([headerOf(0x10003, addresses), Buffer.from('code')])
}
