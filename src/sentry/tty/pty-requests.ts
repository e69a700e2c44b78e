// ioctl(2) that both ends of a pseudo-terminal answer: the slave's modes, size, queues and jobs. man 2 ioctl_tty.

import {EINVAL, EIO, ENOTTY, EPERM, Errno} from '../../abi/errno.ts'
import {
  FIONREAD,
  TCFLSH,
  TCSBRK,
  TCSBRKP,
  TCXONC,
  TIOCCBRK,
  TIOCEXCL,
  TIOCGDEV,
  TIOCGETD,
  TIOCGEXCL,
  TIOCGWINSZ,
  TIOCNXCL,
  TIOCOUTQ,
  TIOCSBRK,
  TIOCSETD,
  TIOCSTI,
  TIOCSWINSZ,
  TIOCVHANGUP,
} from '../../abi/ioctl.ts'
import {
  TCIFLUSH,
  TCIOFF,
  TCIOFLUSH,
  TCION,
  TCOFLUSH,
  TCOOFF,
  TCOON,
  VSTART,
  VSTOP,
  WINSIZE_SIZE,
} from '../../abi/termios.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {readInt, writeInt} from '../../vfs/int-argument.ts'
import {jobRequest} from './job-requests.ts'
import {modeRequest} from './mode-requests.ts'
import type {Pty} from './pty.ts'

/** The one line discipline. */
const N_TTY = 0

/** The asking end, as it was opened. */
export interface PtyEnd {
  readonly pty: Pty
  readonly flags: number
  readonly isMaster: boolean
}

/** @throws Errno ENOTTY for unknown requests */
export function ptyRequest(end: PtyEnd, request: number, argument: number, memory: IoctlMemory): number {
  const {pty} = end
  switch (request) {
    case TIOCGWINSZ:
      memory.write(argument, pty.size)
      return 0
    case TIOCSWINSZ:
      pty.setSize(memory.read(argument, WINSIZE_SIZE))
      return 0
    case FIONREAD:
      return writeInt(memory, argument, pty.line.inputBytes)
    case TIOCOUTQ:
      // Output reaches the master at once.
      return writeInt(memory, argument, 0)
    case TCFLSH:
      pty.requireForeground()
      flush(pty, argument)
      return 0
    case TCXONC:
      pty.requireForeground()
      control(pty, argument)
      return 0
    case TCSBRK:
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
      // There is no line to break, and nothing to wait for.
      pty.requireForeground()
      return 0
    case TIOCGETD:
      return writeInt(memory, argument, N_TTY)
    case TIOCSETD:
      pty.requireForeground()
      if (readInt(memory, argument) !== N_TTY) throw new Errno(EINVAL)
      return 0
    case TIOCGDEV:
      return writeInt(memory, argument, pty.rdev)
    case TIOCSTI:
      // As where dev.tty.legacy_tiocsti is 0.
      throw new Errno(EIO)
    default:
      return exclusionRequest(end, request, argument, memory)
  }
}

function exclusionRequest(end: PtyEnd, request: number, argument: number, memory: IoctlMemory): number {
  const {pty} = end
  switch (request) {
    case TIOCEXCL:
    case TIOCNXCL:
      if (!end.isMaster) pty.isExclusive = request === TIOCEXCL
      return 0
    case TIOCGEXCL:
      return writeInt(memory, argument, pty.isExclusive && !end.isMaster ? 1 : 0)
    case TIOCVHANGUP:
      if (end.isMaster) throw new Errno(ENOTTY)
      if (!pty.isAskedByAdministrator) throw new Errno(EPERM)
      pty.hangUp()
      return 0
    default: {
      const done = modeRequest(pty, request, argument, memory) ?? jobRequest(end, request, argument, memory)
      if (done === undefined) throw new Errno(ENOTTY)
      return done
    }
  }
}

function flush(pty: Pty, queue: number): void {
  if (queue < TCIFLUSH || queue > TCIOFLUSH) throw new Errno(EINVAL)
  if (queue !== TCOFLUSH) pty.clearTyped()
  if (queue !== TCIFLUSH) pty.clearShown()
}

/** tcflow(3). */
function control(pty: Pty, action: number): void {
  const {flow, modes} = pty.line
  switch (action) {
    case TCOOFF:
      flow.stopByProgram()
      return
    case TCOON:
      flow.startByProgram()
      return
    case TCIOFF:
      pty.send(modes.characters[VSTOP])
      return
    case TCION:
      pty.send(modes.characters[VSTART])
      return
    default:
      throw new Errno(EINVAL)
  }
}
