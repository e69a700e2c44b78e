// ProgramTree: the files of a host directory, found as by a guest whose `/` it is.

import {ALL_CAPABILITIES, NO_CAPABILITIES} from '../abi/capability.ts'
import {Errno} from '../abi/errno.ts'
import {S_IFDIR, S_IFREG} from '../abi/file-mode.ts'
import {O_RDONLY} from '../abi/open-flags.ts'
import {readUpTo} from '../elf/file-reader.ts'
import type {ElfReader} from '../elf/image.ts'
import {createMemoryFile} from '../platform/page-allocator.ts'
import type {Credentials, FileDescription} from '../vfs/file.ts'
import {openHostFs} from '../vfs/fs/host.ts'
import {toByteString} from '../vfs/host-calls.ts'
import type {Mount} from '../vfs/location.ts'
import {disposeMounts, mountRoot} from '../vfs/mount-tree.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {openLocation} from '../vfs/open.ts'
import {resolve} from '../vfs/path-walk.ts'
import {VirtualFileSystem} from '../vfs/virtual-file-system.ts'

const uid = process.geteuid?.() ?? 0
const READER: Credentials = {
  uid,
  gid: process.getegid?.() ?? 0,
  groups: process.getgroups?.() ?? [],
  capabilities: uid === 0 ? ALL_CAPABILITIES : NO_CAPABILITIES,
}
const MAX_NAMES = 1000
const MAX_TEXT_BYTES = 1 << 20

export class ProgramTree implements Disposable {
  readonly #mount: Mount

  /** @throws HvError NOT_FOUND, HOST_SYSCALL */
  constructor(root: string) {
    // Nothing is mapped, so no memory is needed for it.
    const memory = createMemoryFile({size: 0, upTo: () => new ArrayBuffer(0)}, () => {})
    this.#mount = mountRoot(openHostFs(root, {readOnly: true, memory}), new VirtualFileSystem(nativeHost))
  }

  /** Calls `use` with the regular file at a path; undefined when there is none, or it cannot be read. */
  read<T>(path: string, use: (reader: ElfReader) => T): T | undefined {
    return this.#open(path, S_IFREG, (file) =>
      use({
        size: file.inode.attributes().size,
        read: (offset, length) => readUpTo(length, (rest, done) => file.read(rest, offset + done)),
      }),
    )
  }

  /** A small text file; undefined as in `read`. */
  text(path: string): string | undefined {
    return this.read(path, ({size, read}) =>
      Buffer.from(read(0, Math.min(size, MAX_TEXT_BYTES))).toString('latin1'),
    )
  }

  /** The names in a directory; none if there is no such directory. */
  names(path: string): string[] {
    return this.#open(path, S_IFDIR, (file) => file.readDirectory(MAX_NAMES).map(({name}) => name)) ?? []
  }

  [Symbol.dispose](): void {
    disposeMounts(this.#mount)
  }

  #open<T>(path: string, kind: number, use: (file: FileDescription) => T): T | undefined {
    try {
      const {top} = this.#mount
      const location = resolve({root: top, credentials: READER}, top, toByteString(path))
      if (location.inode.kind !== kind) return undefined
      const {file} = openLocation(READER, location, O_RDONLY)
      try {
        return use(file)
      } finally {
        file.close()
      }
    } catch (error) {
      if (error instanceof Errno) return undefined
      throw error
    }
  }
}
