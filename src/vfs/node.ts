// Node: an inode whose every operation answers as Linux does for an object of the wrong kind; a file system overrides its own.

import {EINVAL, EISDIR, ENOTDIR, ENXIO, EPERM, Errno} from '../abi/errno.ts'
import {S_IFDIR} from '../abi/file-mode.ts'
import type {
  AttributeChanges,
  Attributes,
  ByteString,
  Credentials,
  FileDescription,
  Inode,
  Place,
} from './file.ts'
import type {FileSystem} from './file-system.ts'
import type {Watcher} from './watchers.ts'

export abstract class Node implements Inode {
  abstract readonly fs: FileSystem
  readonly kind: number
  // Declared, not initialised: most inodes are never mount points, watched, written or executed.
  declare covered?: boolean
  declare watchers?: Set<Watcher>
  declare linksLeft?: number
  declare lostName?: Place
  declare textUse?: number

  constructor(kind: number) {
    this.kind = kind
  }

  abstract attributes(): Attributes

  place(): Place | undefined {
    return undefined
  }

  setAttributes(_changes: AttributeChanges): void {
    throw new Errno(EPERM)
  }

  lookup(_name: ByteString): Inode {
    throw new Errno(ENOTDIR)
  }

  knownDirectory(_name: ByteString): Inode | undefined {
    return undefined
  }

  lookupInPlace(_name: ByteString): Inode | undefined {
    return undefined
  }

  isInPlace(): boolean {
    return true
  }

  create(_name: ByteString, _mode: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  mkdir(_name: ByteString, _mode: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  symlink(_name: ByteString, _target: ByteString, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  mknod(_name: ByteString, _mode: number, _rdev: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  link(_name: ByteString, _target: Inode): void {
    throw this.#notADirectory()
  }

  unlink(_name: ByteString): void {
    throw this.#notADirectory()
  }

  rmdir(_name: ByteString): void {
    throw this.#notADirectory()
  }

  rename(_oldName: ByteString, _newDirectory: Inode, _newName: ByteString, _flags: number): void {
    throw this.#notADirectory()
  }

  readlink(): ByteString {
    throw new Errno(EINVAL)
  }

  open(_flags: number): FileDescription {
    throw new Errno(this.kind === S_IFDIR ? EISDIR : ENXIO)
  }

  /** A directory that does not override these refuses changes with EPERM, as procfs does. */
  #notADirectory(): Errno {
    return new Errno(this.kind === S_IFDIR ? EPERM : ENOTDIR)
  }
}
