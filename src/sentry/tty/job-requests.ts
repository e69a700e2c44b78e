// ioctl(2) about sessions and jobs: which ones a terminal has. A master may ask, but controls nobody. man 2 ioctl_tty.

import {opensForReading} from '../../abi/access-mode.ts'
import {EIO, ENOTTY, Errno} from '../../abi/errno.ts'
import {TIOCGPGRP, TIOCGSID, TIOCNOTTY, TIOCSCTTY, TIOCSPGRP} from '../../abi/ioctl.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {readInt, writeInt} from '../../vfs/int-argument.ts'
import type {Pty} from './pty.ts'
import type {PtyEnd} from './pty-requests.ts'

/** @returns undefined: the request is about something else */
export function jobRequest(
  {pty, flags, isMaster}: PtyEnd,
  request: number,
  argument: number,
  memory: IoctlMemory,
): number | undefined {
  switch (request) {
    case TIOCGPGRP:
      return writeInt(memory, argument, isMaster ? pty.foregroundGroupSeen : pty.foregroundGroup())
    case TIOCSPGRP:
      requireForegroundOrNone(pty)
      pty.setForegroundGroup(readInt(memory, argument))
      return 0
    case TIOCGSID:
      return writeInt(memory, argument, isMaster ? sessionOf(pty.sessionSeen) : pty.session())
    case TIOCSCTTY:
      pty.acquire(opensForReading(flags), argument)
      return 0
    case TIOCNOTTY:
      // A master controls nobody.
      if (isMaster) throw new Errno(ENOTTY)
      pty.release()
      return 0
    default:
      return undefined
  }
}

function sessionOf(session: number | undefined): number {
  if (session === undefined) throw new Errno(ENOTTY)
  return session
}

/** Linux says ENOTTY here to a job that nobody could continue. */
function requireForegroundOrNone(pty: Pty): void {
  try {
    pty.requireForeground()
  } catch (error) {
    throw error instanceof Errno && error.code === EIO ? new Errno(ENOTTY) : error
  }
}
