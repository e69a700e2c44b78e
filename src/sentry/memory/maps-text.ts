// /proc/PID/maps: one line for each mapping (fs/proc/task_mmu.c, show_map_vma).

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE, type PlatformMapping, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Backing, Vma} from './vma.ts'

/** The column of the name, if there is one: 25 + 6 * sizeof(void *). */
const NAME_COLUMN = 73
/** 65,530 mappings come to half of it, but a guest's paths can be of any length. */
const MAX_LENGTH = 1 << 23

/** A byte string, as paths are. `platform`: mappings above the program's, like Linux's [vsyscall]. @throws Errno ENOMEM */
export function mapsText(vmas: Iterable<Vma>, platform: readonly PlatformMapping[] = []): string {
  const text = new TextBlocks(MAX_LENGTH)
  const lineOf = mapsLines()
  for (const vma of vmas) text.add(lineOf(vma))
  for (const mapping of platform)
    text.add(mapsLine({...mapping, isShared: true, pageOffset: 0, backing: undefined}, '[stub]'))
  return text.join()
}

/** The lines of one text. */
export function mapsLines(): (vma: Vma) => string {
  const paths = new Map<Backing, string>()
  return (vma) => mapsLine(vma, vma.name || pathOf(vma.backing, paths))
}

/** Looked up once for each file: a path may be thousands of directories deep. */
function pathOf(backing: Backing | undefined, known: Map<Backing, string>): string {
  if (backing === undefined) return ''
  let path = known.get(backing)
  if (path === undefined) {
    path = backing.path.replaceAll('\n', '\\012')
    known.set(backing, path)
  }
  return path
}

type MapsEntry = Pick<Vma, 'start' | 'end' | 'protection' | 'isShared' | 'pageOffset' | 'backing'>

function mapsLine(vma: MapsEntry, name: string): string {
  const {protection, backing} = vma
  const permissions =
    (protection & PROT_READ ? 'r' : '-') +
    (protection & PROT_WRITE ? 'w' : '-') +
    (protection & PROT_EXEC ? 'x' : '-') +
    (vma.isShared ? 's' : 'p')
  const offset = hex(vma.pageOffset * PAGE_SIZE, 8)
  const line = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${permissions} ${offset} ${device(backing?.dev ?? 0)} ${backing?.ino ?? 0} `
  return name === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${name}\n`
}

/** major:minor of a st_dev, as the kernel's new_encode_dev packs it. */
function device(dev: number): string {
  const major = (dev >>> 8) & 0xfff
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00)
  return `${hex(major, 2)}:${hex(minor, 2)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

const BLOCK_LENGTH = 1 << 16

/** A long text, line by line. V8 would keep each piece of one long string until it is done. */
export class TextBlocks {
  readonly #maxLength: number
  readonly #blocks: Buffer[] = []
  #last = ''
  #length = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** @param text a byte string. @throws Errno ENOMEM */
  add(text: string): void {
    this.#last += text
    if (this.#last.length < BLOCK_LENGTH) return
    this.#length += this.#last.length
    if (this.#length > this.#maxLength) throw new Errno(ENOMEM)
    this.#blocks.push(Buffer.from(this.#last, 'latin1'))
    this.#last = ''
  }

  /** A byte string with all that was added. */
  join(): string {
    return Buffer.concat(this.#blocks).toString('latin1') + this.#last
  }
}
