// What a directory of an overlay asks of the one below it: names, leaves for its files, and which of its names it hides (whiteouts).

import {ENOSPC, Errno} from '../../abi/errno.ts'
import {directoryEntryType} from '../../abi/file-mode.ts'
import {O_DIRECTORY, O_RDONLY} from '../../abi/open-flags.ts'
import {type Budget, COST} from '../budget.ts'
import {readDirectoryNow} from '../directory-description.ts'
import type {ByteString, DirectoryEntry, Inode} from '../file.ts'
import {findIn} from '../inode.ts'
import {ownString} from '../own-string.ts'
import type {Overlay} from './overlay.ts'
import {OverlayLeaf} from './overlay-leaf.ts'
import type {OverlayNode} from './overlay-node.ts'
import type {Tmpfs} from './tmpfs.ts'

/** A leaf for a lower file: the same one for all its names. Its attributes are kept for the next question. */
export function lowerLeaf(fs: Overlay, lower: Inode): OverlayLeaf {
  const attributes = lower.attributes()
  const key = `${attributes.dev}:${attributes.ino}`
  const known = attributes.nlink > 1 ? fs.linked.get(key) : undefined
  if (known !== undefined) return known
  const leaf = new OverlayLeaf(fs, {lower})
  if (attributes.nlink > 1) {
    leaf.linkKey = key
    fs.linked.set(key, leaf)
  }
  fs.fresh = leaf
  fs.freshAttributes = attributes
  return leaf
}

/** Whether a node still stands for what its name leads to in the lower directory. */
export function isStillOf(node: OverlayNode, found: Inode): boolean {
  if (node.lower === found) return true
  // The lower file system dropped its object, or another file was put there on the host.
  if (!node.isInUse() || !isSameFile(node.lower as Inode, found)) return false
  node.lower = found
  return true
}

/** Whether the known inode, which may be gone, is the one found now. */
function isSameFile(known: Inode, found: Inode): boolean {
  const {ino, dev} = found.attributes()
  try {
    const before = known.attributes()
    return before.ino === ino && before.dev === dev
  } catch (error) {
    if (error instanceof Errno) return false
    throw error
  }
}

export class Whiteouts {
  readonly #names = new Set<ByteString>()
  readonly #upper: Tmpfs

  /** @param upper its budget counts them */
  constructor(upper: Tmpfs) {
    this.#upper = upper
  }

  has(name: ByteString): boolean {
    return this.#names.has(name)
  }

  /** Hides the name, if the lower directory has it. @throws Errno ENOSPC */
  add(lower: Inode | undefined, name: ByteString): void {
    if (this.#names.has(name) || lower === undefined || findIn(lower, name) === undefined) return
    this.#upper.budget.take(COST.name, ENOSPC)
    this.#names.add(ownString(name))
  }

  /** The directory is gone. */
  clear(): void {
    this.#upper.budget.give(this.#names.size * COST.name)
    this.#names.clear()
  }
}

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
