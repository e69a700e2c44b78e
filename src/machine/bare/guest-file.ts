// GuestFile: a bare-metal ELF file: what it needs, and how it gets into guest memory with its arguments.

import {closeSync, constants, fstatSync, openSync} from 'node:fs'
import {PT_LOAD} from '../../abi/elf.ts'
import {arch} from '../../arch/index.ts'
import {hex} from '../../elf/elf-error.ts'
import {fileReader} from '../../elf/file-reader.ts'
import type {ElfImage, ElfReader} from '../../elf/image.ts'
import {parseElf} from '../../elf/parse.ts'
import {badArgument, HvError} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import {ARGUMENTS, GUEST_START, LINK_AT, STACK_BYTES, type StartOfGuest} from '../machine.ts'

/** For both architectures. */
const STACK_ALIGN = 16
const POINTER_BYTES = 8
const CHUNK_BYTES = 1 << 20
/** In the second word of the descriptor of hv's note: what the guest needs. */
const NOTE_NEEDS = 4
const NEEDS_EL2 = 1
const NEEDS_IRQCHIP = 2

export interface GuestNeeds {
  /** To begin there. */
  el2: boolean
  /** An interrupt controller and its timers. */
  irqchip: boolean
}

export class GuestFile implements Disposable {
  readonly #fd: number
  readonly #reader: ElfReader
  readonly #image: ElfImage

  /** @param fd open for reading; the guest file closes it. @throws HvError NOT_EXECUTABLE, BAD_ELF */
  constructor(fd: number, path: string) {
    this.#fd = fd
    try {
      this.#reader = fileReader(fd)
      this.#image = parseElf(this.#reader, path, arch.name)
      checkKind(this.#image)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** What the guest says that it needs. */
  get needs(): GuestNeeds {
    const needs = this.#image.machineNote?.[NOTE_NEEDS] ?? 0
    return {el2: (needs & NEEDS_EL2) !== 0, irqchip: (needs & NEEDS_IRQCHIP) !== 0}
  }

  /**
   * Loads the segments at their virtual addresses, which are also their physical ones, and `args`.
   * @returns how to start it
   * @throws HvError BAD_ELF, MEMORY_SIZE, BAD_ARGUMENT
   */
  load(memory: GuestMemory, args: readonly string[]): StartOfGuest {
    loadSegments(memory, this.#image, this.#reader)
    return {entry: this.#image.entry, ...stackAndArguments(memory, args)}
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** Opens it, and reads nothing. @throws HvError NOT_FOUND, NOT_EXECUTABLE */
export function openGuestFile(path: string): number {
  const fd = open(path)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new HvError('NOT_EXECUTABLE', `${path} is no regular file`, 'name the file of a bare-metal guest')
}

function open(path: string): number {
  try {
    // Opening a fifo would wait.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      throw new HvError('NOT_FOUND', `${path} does not exist`, 'name a file of this host', {cause: error})
    }
    throw new HvError('NOT_EXECUTABLE', `${path} cannot be read (${reason})`, 'check its permissions', {
      cause: error,
    })
  }
}

function checkKind({type, interp, path}: ElfImage): void {
  if (type === 'EXEC' && interp === undefined) return
  throw new HvError(
    'NOT_EXECUTABLE',
    `${path} is linked for no fixed address`,
    'link a bare-metal guest statically, with -no-pie',
  )
}

function loadSegments(memory: GuestMemory, {segments, path}: ElfImage, reader: ElfReader): void {
  const start = memory.base + GUEST_START
  const end = memory.base + memory.size - STACK_BYTES
  for (const {type, vaddr, offset, fileSize, memSize} of segments) {
    if (type !== PT_LOAD || memSize === 0) continue
    if (vaddr < start) {
      const defect = `${path} has a segment at ${hex(vaddr)}, below ${hex(start)}, where memory for it begins`
      throw new HvError('BAD_ELF', defect, `link it at ${hex(memory.base + LINK_AT)}`)
    }
    if (vaddr + memSize > end) {
      const defect = `${path} has a segment up to ${hex(vaddr + memSize)}, and memory for it ends at ${hex(end)}`
      throw new HvError('MEMORY_SIZE', defect, 'give more `memoryBytes`, or link it lower')
    }
    // The rest of the segment is zero already.
    copyIn(memory, vaddr, fileSize, (done, length) => reader.read(offset + done, length))
  }
}

/** In pieces: the file alone says how large it is. */
export function copyIn(
  memory: GuestMemory,
  address: number,
  bytes: number,
  read: (done: number, length: number) => Uint8Array,
): void {
  for (let done = 0; done < bytes; done += CHUNK_BYTES) {
    memory.write(address + done, read(done, Math.min(CHUNK_BYTES, bytes - done)))
  }
}

/** The stack at the end of memory, and `args` at their place. @throws HvError BAD_ARGUMENT */
export function stackAndArguments(
  memory: GuestMemory,
  args: readonly string[],
): Pick<StartOfGuest, 'stack' | 'args'> {
  const argv = writeArguments(memory, args)
  const end = memory.base + memory.size
  return {stack: end - (end % STACK_ALIGN), args: [memory.size, args.length, argv]}
}

/** argv: pointers, a null one, then the strings. */
function writeArguments(memory: GuestMemory, args: readonly string[]): number {
  const begin = memory.base + ARGUMENTS
  const end = memory.base + GUEST_START
  const pointers = new BigUint64Array(args.length + 1)
  const strings = args.map((text) => Buffer.from(`${text}\0`))
  let at = begin + pointers.byteLength
  for (const [index, bytes] of strings.entries()) {
    if (at + bytes.length > end) {
      const bytesLeft = end - begin - POINTER_BYTES * pointers.length
      throw badArgument(`the arguments take more than ${bytesLeft} bytes`, 'give fewer')
    }
    memory.write(at, bytes)
    pointers[index] = BigInt(at)
    at += bytes.length
  }
  if (at > end) throw badArgument('there are too many arguments', 'give fewer')
  memory.write(begin, new Uint8Array(pointers.buffer))
  return begin
}
