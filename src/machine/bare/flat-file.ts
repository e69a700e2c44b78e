// FlatFile: a bare-metal guest without headers, which is memory as it stands, for an address and a mode of the processor.

import {closeSync} from 'node:fs'
import {hex} from '../../elf/elf-error.ts'
import {fileReader} from '../../elf/file-reader.ts'
import type {ElfReader} from '../../elf/image.ts'
import {badArgument, HvError} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import {machine} from '../host-machine.ts'
import {type FlatPlace, STACK_BYTES, type StartMode, type StartOfGuest} from '../machine.ts'
import {copyIn, type GuestNeeds, stackAndArguments} from './guest-file.ts'

/** How a flat guest starts. */
export interface FlatStart {
  /** Default: the machine's first. */
  mode?: StartMode
  /** Guest physical: of the file's first byte, which is also its first instruction. Default: what is usual in that mode. */
  address?: number
}

/** The modes of this host's machine; the first one is the default. */
export const flatModes = Object.keys(machine.flatPlaces) as StartMode[]

export class FlatFile implements Disposable {
  readonly #fd: number
  readonly #reader: ElfReader
  readonly #path: string
  readonly #start: FlatStart

  /** @param fd open for reading; the flat file closes it */
  constructor(fd: number, path: string, start: FlatStart) {
    this.#fd = fd
    this.#path = path
    this.#start = start
    this.#reader = fileReader(fd)
  }

  /** @throws HvError BAD_ARGUMENT for another machine's mode */
  get needs(): GuestNeeds {
    const {mode = flatModes[0]} = this.#start
    placeOf(mode)
    return {el2: mode === 'el2', irqchip: false}
  }

  /**
   * Copies the file to its address.
   * @returns how to start it
   * @throws HvError BAD_ARGUMENT, NOT_EXECUTABLE, MEMORY_SIZE
   */
  load(memory: GuestMemory, args: readonly string[]): StartOfGuest {
    const {size} = this.#reader
    const {mode = flatModes[0]} = this.#start
    const place = placeOf(mode)
    const entry = this.#start.address ?? place.usual
    if (size === 0) throw new HvError('NOT_EXECUTABLE', `${this.#path} is empty`, 'name a flat binary')
    this.#checkRange(memory, place, entry, size)
    copyIn(memory, entry, size, (done, length) => this.#reader.read(done, length))
    if (mode !== 'real') return {mode, entry, ...stackAndArguments(memory, args)}
    if (args.length > 0)
      throw badArgument('a guest in real mode takes no arguments', 'leave them out, or give another mode')
    // As a boot sector expects it: below its code.
    return {mode, entry, stack: entry, args: [memory.size, 0, 0]}
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #checkRange(memory: GuestMemory, {first, end}: FlatPlace, address: number, size: number): void {
    const limit = end ?? memory.base + memory.size - STACK_BYTES
    if (!Number.isSafeInteger(address) || address < first || address >= limit) {
      const defect = `a flat binary cannot lie at ${Number.isSafeInteger(address) ? hex(address) : address}`
      throw badArgument(defect, `give an address from ${hex(first)} to ${hex(limit - 1)}`)
    }
    // The machine's own code for real mode begins at its end.
    if (limit >= memory.base + memory.size) {
      const defect = `memory ends at ${hex(memory.base + memory.size)}, and real mode wants more than ${hex(limit)}`
      throw new HvError('MEMORY_SIZE', defect, 'give more `memoryBytes`')
    }
    if (size > limit - address) {
      const defect = `${this.#path} would end at ${hex(address + size)}, and memory for it ends at ${hex(limit)}`
      throw new HvError('MEMORY_SIZE', defect, 'give more `memoryBytes`, or a lower address')
    }
  }
}

function placeOf(mode: StartMode): FlatPlace {
  const place = machine.flatPlaces[mode]
  if (place !== undefined) return place
  throw badArgument(`this machine has no mode ${mode}`, `give ${flatModes.join(' or ')}`)
}
