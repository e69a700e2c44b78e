// HostDirectoryDescription: an open host directory, and what getdents64(2) says about it.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SEEK_SET} from '../../abi/open-flags.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {DirectoryEntry} from '../file.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {check} from '../host-calls.ts'
import {MAX_OFFSET} from '../seek.ts'
import type {HostDirectory} from './host-directory.ts'

/** struct linux_dirent64: ino at 0, reclen at 16, type at 18, name at 19. */
const RECORD_LENGTH = 16
const RECORD_TYPE = 18
const RECORD_NAME = 19
/** Holds the longest name; each directory that is partly read keeps as much. */
const PIECE_BYTES = 4096

export class HostDirectoryDescription extends DirectoryDescription {
  readonly #files: HostFsAddon
  readonly #fd: number

  constructor(directory: HostDirectory, flags: number, fd: number) {
    const {files} = directory.fs
    super(directory, flags, () => list(files, fd), MAX_OFFSET)
    this.#files = files
    this.#fd = fd
  }

  override sync(): void {
    check(this.#files.hostSync(this.#fd))
  }

  override close(): void {
    super.close()
    this.#files.hostClose(this.#fd)
  }
}

/** @throws Errno EINVAL and what getdents64 says */
function* list(files: HostFsAddon, fd: number): Iterable<DirectoryEntry> {
  const listing = Buffer.allocUnsafeSlow(PIECE_BYTES)
  check(files.hostSeek(fd, 0, SEEK_SET))
  for (;;) {
    const filled = check(files.hostReadDirectory(fd, listing))
    if (filled === 0) return
    for (let at = 0; at < filled; ) {
      const length = listing.readUInt16LE(at + RECORD_LENGTH)
      if (length < RECORD_NAME) throw new Errno(EINVAL)
      let end = at + RECORD_NAME
      while (listing[end] !== 0) end++
      const name = listing.toString('latin1', at + RECORD_NAME, end)
      if (name !== '.' && name !== '..') {
        const ino = listing.readUInt32LE(at) + listing.readUInt32LE(at + 4) * 2 ** 32
        yield {name, ino, type: listing[at + RECORD_TYPE]}
      }
      at += length
    }
  }
}
