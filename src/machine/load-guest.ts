// Brings a bare-metal ELF file and its arguments into guest memory.

import {closeSync, openSync} from 'node:fs'
import {PT_LOAD} from '../abi/elf.ts'
import {arch} from '../arch/index.ts'
import {fileReader} from '../elf/file-reader.ts'
import type {ElfImage, ElfReader} from '../elf/image.ts'
import {parseElf} from '../elf/parse.ts'
import {HvError} from '../errors.ts'
import type {GuestMemory} from '../vm/guest-memory.ts'
import {ARGUMENTS, GUEST_START, type StartOfGuest} from './boot.ts'

/** What the stack has at the top of memory; segments end below it. */
const STACK_BYTES = 0x10000
/** Both architectures'. */
const STACK_ALIGN = 16
const POINTER_BYTES = 8
const CHUNK_BYTES = 1 << 20

/**
 * Loads `path`'s segments at their virtual addresses, which are the physical ones.
 * @returns how to start it
 * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, MEMORY_SIZE, BAD_ARGUMENT
 */
export function loadGuest(memory: GuestMemory, path: string, args: readonly string[]): StartOfGuest {
  const fd = open(path)
  try {
    const reader = fileReader(fd)
    const image = parseElf(reader, path, arch.name)
    checkKind(image)
    loadSegments(memory, image, reader)
    const argv = writeArguments(memory, args)
    const stack = memory.size - (memory.size % STACK_ALIGN)
    return {entry: image.entry, stack, args: [memory.size, args.length, argv]}
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EISDIR' ? directory(path) : error
  } finally {
    closeSync(fd)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
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

const directory = (path: string): HvError =>
  new HvError('NOT_EXECUTABLE', `${path} is a directory`, 'name a bare-metal ELF file')

function checkKind({type, interp, path}: ElfImage): void {
  if (type === 'EXEC' && interp === undefined) return
  throw new HvError(
    'NOT_EXECUTABLE',
    `${path} is linked for no fixed address`,
    'link a bare-metal guest statically, with -no-pie',
  )
}

function loadSegments(memory: GuestMemory, {segments, path}: ElfImage, reader: ElfReader): void {
  const end = memory.size - STACK_BYTES
  for (const {type, vaddr, offset, fileSize, memSize} of segments) {
    if (type !== PT_LOAD || memSize === 0) continue
    if (vaddr < GUEST_START) {
      const defect = `${path} has a segment at ${hex(vaddr)}, below ${hex(GUEST_START)}, where the machine's tables lie`
      throw new HvError('BAD_ELF', defect, 'link it at 0x100000')
    }
    if (vaddr + memSize > end) {
      const defect = `${path} has a segment up to ${hex(vaddr + memSize)}, and memory for it ends at ${hex(end)}`
      throw new HvError('MEMORY_SIZE', defect, 'give more --memory, or link it lower')
    }
    // In pieces: a file is as large as it says. The rest of the segment is zero already.
    for (let done = 0; done < fileSize; done += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, fileSize - done)
      memory.write(vaddr + done, reader.read(offset + done, length))
    }
  }
}

/** argv: pointers, a null one, then the strings. */
function writeArguments(memory: GuestMemory, args: readonly string[]): number {
  const pointers = new BigUint64Array(args.length + 1)
  const strings = args.map((text) => Buffer.from(`${text}\0`))
  let at = ARGUMENTS + pointers.byteLength
  for (const [index, bytes] of strings.entries()) {
    if (at + bytes.length > GUEST_START) {
      const bytesLeft = GUEST_START - ARGUMENTS - POINTER_BYTES * pointers.length
      throw new HvError('BAD_ARGUMENT', `the arguments take more than ${bytesLeft} bytes`, 'give fewer')
    }
    memory.write(at, bytes)
    pointers[index] = BigInt(at)
    at += bytes.length
  }
  if (at > GUEST_START) throw new HvError('BAD_ARGUMENT', 'there are too many arguments', 'give fewer')
  memory.write(ARGUMENTS, new Uint8Array(pointers.buffer))
  return ARGUMENTS
}

const hex = (value: number): string => `0x${value.toString(16)}`
