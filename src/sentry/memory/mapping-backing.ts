// The file that backs a mapping: its pages, its name in /proc/self/maps, and the hold that keeps it open.

import {ENODEV, Errno} from '../../abi/errno.ts'
import {FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE} from '../../abi/open-flags.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Task} from '../core/task.ts'
import {invalidateHole} from './invalidate.ts'
import type {Backing} from './vma.ts'

declare module '../core/open-description.ts' {
  interface OpenDescription {
    /** Of its mappings: one, so that adjacent ones can join. Undefined until it is mapped. */
    backing: Backing | undefined
  }
}

/** @throws Errno ENODEV when the file cannot be mapped */
export function backingOf(task: Task, description: OpenDescription): Backing {
  const backing = backingOfDescription(description, task.fs.root)
  const {file} = description
  backing.punch ??= (offset, length) => {
    file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)
    invalidateHole(task.kernel.processes.values(), file.inode, offset, offset + length)
  }
  return backing
}

/** @param root the root that `path` is relative to */
export function backingOfDescription(description: OpenDescription, root: Location): Backing {
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
  }
  description.backing = backing
  return backing
}
