// The symbolic links of procfs: to a text or, like the kernel's own, to a location itself.

import {S_IFLNK} from '../../abi/file-mode.ts'
import type {ByteString} from '../file.ts'
import type {FileSystem} from '../file-system.ts'
import type {Location} from '../location.ts'
import {type Entry, type ProcDirectory, ProcNode} from './proc-nodes.ts'

class ProcLink extends ProcNode {
  readonly #target: () => ByteString

  constructor(target: () => ByteString, fs: FileSystem, parent: ProcDirectory, name: ByteString) {
    super(S_IFLNK, 0o777, fs, parent, name)
    this.#target = target
  }

  override readlink(): ByteString {
    return this.#target()
  }
}

interface MagicLink {
  text(): ByteString
  location(): Location | undefined
  /** @throws Errno */
  requireAccess(): void
}

/** Leads to a location itself, whatever its text says: also to files that no longer have a name. */
class ProcMagicLink extends ProcLink {
  readonly #link: MagicLink

  constructor(link: MagicLink, fs: FileSystem, parent: ProcDirectory, name: ByteString) {
    super(link.text, fs, parent, name)
    this.#link = link
  }

  override readlink(): ByteString {
    this.#link.requireAccess()
    return super.readlink()
  }

  override followMagicLink(): Location | undefined {
    this.#link.requireAccess()
    return this.#link.location()
  }
}

export function link(target: () => ByteString): Entry {
  return {kind: S_IFLNK, make: (parent, name) => new ProcLink(target, parent.fs, parent, name)}
}

export function magicLink(link: MagicLink): Entry {
  return {kind: S_IFLNK, make: (parent, name) => new ProcMagicLink(link, parent.fs, parent, name)}
}
