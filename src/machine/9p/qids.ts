// Qids: the 13 bytes by which a machine tells the files of a share apart.

import {S_IFDIR, S_IFLNK, S_IFMT} from '../../abi/file-mode.ts'
import type {Attributes} from '../../vfs/file.ts'
import {FileNumbers} from '../share/file-numbers.ts'
import {QTDIR, QTFILE, QTSYMLINK} from './messages.ts'
import type {Reply} from './reply.ts'

export class Qids {
  readonly #numbers = new FileNumbers()

  /** type[1] version[4] path[8]. */
  write(reply: Reply, attributes: Attributes): void {
    const {mode, mtime, size} = attributes
    reply.uint8(typeOf(mode))
    // Changes with the content, as far as mtime and size show it: clients that cache by version read again.
    reply.uint32(mtime.seconds ^ mtime.nanoseconds ^ (size << 8))
    this.#numbers.write(reply, attributes.dev, attributes.ino)
  }

  /** For a directory entry, without a look at the file. @param type DT_* @param dev the directory's */
  writeEntry(reply: Reply, type: number, dev: number, ino: number): void {
    reply.uint8(typeOf(type << 12))
    reply.uint32(0)
    this.#numbers.write(reply, dev, ino)
  }
}

function typeOf(mode: number): number {
  const kind = mode & S_IFMT
  return kind === S_IFDIR ? QTDIR : kind === S_IFLNK ? QTSYMLINK : QTFILE
}
