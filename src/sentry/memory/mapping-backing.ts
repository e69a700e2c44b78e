// The file that backs a mapping: its pages, its name in /proc/self/maps, and the hold that keeps it open.

import {ENODEV, Errno} from '../../abi/errno.ts'
import {FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE} from '../../abi/open-flags.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Process} from '../core/process.ts'
import {invalidateHole} from './invalidate.ts'
import type {Backing} from './vma.ts'

declare module '../core/open-description.ts' {
  interface OpenDescription {
    /** Of its mappings: one, so that adjacent ones can join. Undefined until it is mapped. */
    backing: Backing | undefined
  }
}

/**
 * @param root the root that `path` is relative to
 * @param processes lose what is punched
 * @throws Errno ENODEV when the file cannot be mapped
 */
export function backingOf(
  description: OpenDescription,
  root: Location,
  processes: ReadonlyMap<number, Process>,
): Backing {
  if (description.backing !== undefined) return description.backing
  const {file, location} = description
  const {mappable} = file
  if (mappable === undefined) throw new Errno(ENODEV)
  const {dev, ino} = file.inode.attributes()

  const backing: Backing = {
    mappable,
    dev,
    ino,
    get path() {
      if (file.inode instanceof Memfd) return file.inode.label
      if (location === undefined) return ''
      const {path, removed} = pathOf(location, root)
      return removed ? `${path} (deleted)` : path
    },
    // A mapping outlives its descriptors: man 2 mmap.
    acquire: () => {
      description.references++
    },
    release: () => description.release(),
    punch: (offset, length) => {
      file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)
      invalidateHole(processes.values(), file.inode, offset, offset + length)
    },
  }
  description.backing = backing
  return backing
}
