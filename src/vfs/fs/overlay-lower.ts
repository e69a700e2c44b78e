// What a directory of an overlay asks of the one below it: names, and leaves for its files.

import {ENOENT, Errno} from '../../abi/errno.ts'
import type {ByteString, Inode} from '../file.ts'
import type {Overlay} from './overlay.ts'
import {OverlayLeaf} from './overlay-leaf.ts'
import type {OverlayNode} from './overlay-node.ts'

/** `lookup`, but undefined for a missing name. @throws Errno for any other failure */
export function findIn<T extends Inode>(
  directory: {lookup(name: ByteString): T},
  name: ByteString,
): T | undefined {
  try {
    return directory.lookup(name)
  } catch (error) {
    if (error instanceof Errno && error.code === ENOENT) return undefined
    throw error
  }
}

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
