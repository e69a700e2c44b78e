// Lists a directory of an overlay, one entry at a time, while names come and go.

import {directoryEntryType} from '../../abi/file-mode.ts'
import {O_DIRECTORY, O_RDONLY} from '../../abi/open-flags.ts'
import {type Budget, COST} from '../budget.ts'
import {readDirectoryNow} from '../directory-description.ts'
import type {ByteString, DirectoryEntry, Inode} from '../file.ts'
import type {OverlayNode} from './overlay-node.ts'
import type {Whiteouts} from './overlay-whiteouts.ts'

/** A directory that is partly read keeps as many. */
const LIST_CHUNK = 64

/** What was added, then what still shows of the lower directory. Undefined: a name that does not show. @throws Errno */
export function* listOverlay(
  added: ReadonlyMap<ByteString, OverlayNode>,
  whiteouts: Whiteouts,
  lower: Inode | undefined,
  budget: Budget,
): Iterable<DirectoryEntry | undefined> {
  // What is copied up from now on still comes with the lower directory.
  const names = new Set(added.keys())
  const bytes = names.size * COST.listedName
  budget.take(bytes)
  try {
    for (const name of names) {
      const node = added.get(name)
      yield node && {name, ino: node.ino, type: directoryEntryType(node.kind)}
    }
    if (lower === undefined) return
    for (const entry of listLower(lower))
      yield names.has(entry.name) || whiteouts.has(entry.name) ? undefined : entry
  } finally {
    budget.give(bytes)
  }
}

/** All entries of a directory except `.` and `..`. */
function* listLower(directory: Inode): Iterable<DirectoryEntry> {
  const file = directory.open(O_RDONLY | O_DIRECTORY)
  try {
    for (;;) {
      const chunk = readDirectoryNow(file, LIST_CHUNK)
      if (chunk.length === 0) return
      for (const entry of chunk) if (entry.name !== '.' && entry.name !== '..') yield entry
    }
  } finally {
    file.close()
  }
}
