// Session: a machine's state on a share between two messages: its fids, its locks, and how long a message may be.

import type {Location} from '../../vfs/location.ts'
import type {PathContext} from '../../vfs/path-walk.ts'
import {contextOf as contextOfUser} from '../share/shared-file.ts'
import {type Fid, Fids} from './fids.ts'
import {ShareLocks} from './locks.ts'
import {MOST_MESSAGE_BYTES} from './messages.ts'
import {Qids} from './qids.ts'
import type {Reply} from './reply.ts'
import type {Request} from './request.ts'

export interface Limits {
  /** Fids at a time: Linux keeps one for each name that it knows. Default: 65,536. */
  fids?: number
  /** Open files and directories at a time; each is a descriptor of this process. Default: 4,096. */
  openFiles?: number
  /** The most bytes of a message, if the machine wants as many: from 4,096 to 524,288, the default. */
  messageBytes?: number
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
  readonly mostMessageBytes: number
  /** As agreed; 0 before there is an agreement. */
  messageBytes = 0

  constructor(root: Location, {fids, openFiles, messageBytes}: Limits) {
    this.root = root
    this.mostMessageBytes = messageBytes ?? MOST_MESSAGE_BYTES
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

/** @param gid of new files */
export function contextOf({origin}: Fid, gid = 0): PathContext {
  return contextOfUser(origin.root, origin.uid, gid)
}
