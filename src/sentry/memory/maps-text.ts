// /proc/PID/maps: one line a mapping (fs/proc/task_mmu.c, show_map_vma).

import {PAGE_SIZE, type PlatformMapping, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Vma} from './vma.ts'

/** The name's column, where there is one: 25 + 6 * sizeof(void *). */
const NAME_COLUMN = 73

/** A byte string: paths are. `platform`: what the platform has above the program's, as Linux lists its [vsyscall]. */
export function mapsText(vmas: Iterable<Vma>, platform: readonly PlatformMapping[] = []): string {
  let text = ''
  for (const vma of vmas) text += mapsLine(vma)
  for (const mapping of platform)
    text += mapsLine({...mapping, isShared: true, pageOffset: 0, backing: undefined, name: '[stub]'})
  return text
}

type Listed = Pick<Vma, 'start' | 'end' | 'protection' | 'isShared' | 'pageOffset' | 'backing' | 'name'>

function mapsLine(vma: Listed): string {
  const {protection, backing} = vma
  const permissions =
    (protection & PROT_READ ? 'r' : '-') +
    (protection & PROT_WRITE ? 'w' : '-') +
    (protection & PROT_EXEC ? 'x' : '-') +
    (vma.isShared ? 's' : 'p')
  const offset = hex(vma.pageOffset * PAGE_SIZE, 8)
  const line = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${permissions} ${offset} ${device(backing?.dev ?? 0)} ${backing?.ino ?? 0} `
  const name = vma.name || (backing?.path ?? '')
  return name === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${name.replaceAll('\n', '\\012')}\n`
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
