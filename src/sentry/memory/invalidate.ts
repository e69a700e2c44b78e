// Tells the mappings of a file about calls on the file: which pages it lost, and that it is about to be synced.

import {S_IFREG} from '../../abi/file-mode.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Inode, Mappable} from '../../vfs/file.ts'
import type {Process} from '../core/process.ts'
import type {MemoryMap} from './memory-map.ts'

/**
 * A file was cut to `size` bytes: every process loses the pages past its end. They keep their contents until then, so call it
 * in the same system call.
 */
export function invalidateBehind(processes: Iterable<Process>, inode: Inode, size: number): void {
  forEachMapping(processes, inode, (map, mappable) => map.invalidate(mappable, Math.ceil(size / PAGE_SIZE)))
}

/** A hole was punched into a file. Private copies stay. */
export function invalidateHole(processes: Iterable<Process>, inode: Inode, start: number, end: number): void {
  const [first, last] = [Math.floor(start / PAGE_SIZE), Math.ceil(end / PAGE_SIZE)]
  forEachMapping(processes, inode, (map, mappable) => map.invalidateHole(mappable, first, last))
}

/** Call before a file is synced: marks dirty what was written through mappings since the last time. */
export function noteMappedWrites(processes: Iterable<Process>, inode: Inode): void {
  forEachMapping(processes, inode, (map, mappable) => map.noteWrites(mappable))
}

/** A file may be mapped through several file descriptions, each with its own Mappable: the inode number tells. */
function forEachMapping(
  processes: Iterable<Process>,
  inode: Inode,
  action: (map: MemoryMap, mappable: Mappable) => void,
): void {
  if (inode.kind !== S_IFREG) return
  const {dev, ino} = inode.attributes()
  for (const {memoryMap} of processes) {
    const mappables = new Set<Mappable>()
    for (const {backing} of memoryMap.vmas) {
      if (backing?.ino === ino && backing.dev === dev) mappables.add(backing.mappable)
    }
    for (const mappable of mappables) action(memoryMap, mappable)
  }
}
