// Session: a machine's state on a share between two messages: its fids, its locks, its files' qids, and how long a message may be.

import {S_IFDIR, S_IFLNK, S_IFMT} from '../../abi/file-mode.ts'
import type {Attributes} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {PathContext} from '../../vfs/path-walk.ts'
import {FileNumbers} from '../share/file-numbers.ts'
import {contextOf as contextOfUser} from '../share/shared-file.ts'
import {type Fid, Fids} from './fids.ts'
import {ShareLocks} from './locks.ts'
import {QTDIR, QTFILE, QTSYMLINK} from './messages.ts'
import type {Reply} from './reply.ts'
import type {Request} from './request.ts'

export interface Limits {
  /** Fids at a time: Linux keeps one for each name that it knows. Default: 65,536. */
  fids?: number
  /** Open files and directories at a time; each is a descriptor of this process. Default: 4,096. */
  openFiles?: number
}

/** Answers one kind of message: decodes, delegates, encodes. @throws Errno, which becomes the answer */
export type Call = (session: Session, request: Request, reply: Reply) => void

const MAX_FIDS = 1 << 16
const MAX_OPEN_FILES = 1 << 12

export class Session {
  readonly root: Location
  readonly qids = new Qids()
  readonly locks = new ShareLocks()
  readonly fids: Fids
  /** As agreed; 0 before there is an agreement. */
  messageBytes = 0

  constructor(root: Location, {fids, openFiles}: Limits) {
    this.root = root
    this.fids = new Fids(fids ?? MAX_FIDS, openFiles ?? MAX_OPEN_FILES, (file, others) =>
      this.locks.closed(file, others),
    )
  }

  /** The machine starts anew. */
  reset(): void {
    this.messageBytes = 0
    // First: otherwise each fid that goes would look for other fids of a file that has locks.
    this.locks.clear()
    this.fids.clear()
  }
}

/** The 13 bytes by which a machine tells the files of a share apart. */
class Qids {
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

/** @param gid of new files */
export function contextOf({origin}: Fid, gid = 0): PathContext {
  return contextOfUser(origin.root, origin.uid, gid)
}
