// The file that backs a mapping: its pages, its name in /proc/self/maps, and the hold that keeps it open.

import {ENODEV, Errno} from '../../abi/errno.ts'
import {FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE} from '../../abi/open-flags.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {Task} from '../core/task.ts'
import type {SharedDescription} from '../fd/fd-table.ts'
import {invalidateHole} from './invalidate.ts'
import type {Backing} from './vma.ts'

/** One per file description, so that its adjacent mappings can join. */
const backings = new WeakMap<SharedDescription, Backing>()

/** @throws Errno ENODEV when the file cannot be mapped */
export function backingOf(task: Task, description: SharedDescription): Backing {
  const backing = backingOfDescription(description, task.fs.root)
  const {file} = description
  backing.punch ??= (offset, length) => {
    file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)
    invalidateHole(task.kernel.processes.values(), file.inode, offset, offset + length)
  }
  return backing
}

/** @param root the root that `path` is relative to */
export function backingOfDescription(description: SharedDescription, root: Location): Backing {
  const known = backings.get(description)
  if (known !== undefined) return known
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
    release: () => {
      if (--description.references === 0) description.close()
    },
  }
  backings.set(description, backing)
  return backing
}
