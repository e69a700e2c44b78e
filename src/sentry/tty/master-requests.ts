// ioctl(2) that only a pseudo-terminal's master answers. man 2 ioctl_tty, "Pseudoterminal ioctls".

import {EINVAL, Errno} from '../../abi/errno.ts'
import {minorOf} from '../../abi/file-mode.ts'
import {
  FIONREAD,
  TCFLSH,
  TIOCGPKT,
  TIOCGPTLCK,
  TIOCGPTN,
  TIOCPKT,
  TIOCSIG,
  TIOCSPTLCK,
} from '../../abi/ioctl.ts'
import {SIGINT, SIGQUIT, SIGTSTP} from '../../abi/signal.ts'
import {TCIFLUSH, TCIOFLUSH, TCOFLUSH} from '../../abi/termios.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {readInt, writeInt} from '../../vfs/int-argument.ts'
import type {Pty} from './pty.ts'
import {ptyRequest} from './pty-requests.ts'

/** @throws Errno ENOTTY for requests that neither end knows */
export function masterRequest(
  pty: Pty,
  flags: number,
  request: number,
  argument: number,
  memory: IoctlMemory,
): number {
  switch (request) {
    case TIOCGPTN:
      return writeInt(memory, argument, minorOf(pty.rdev))
    case TIOCSPTLCK:
      pty.isLocked = readInt(memory, argument) !== 0
      return 0
    case TIOCGPTLCK:
      return writeInt(memory, argument, pty.isLocked ? 1 : 0)
    case TIOCPKT:
      pty.packets.isOn = readInt(memory, argument) !== 0
      return 0
    case TIOCGPKT:
      return writeInt(memory, argument, pty.packets.isOn ? 1 : 0)
    case TIOCSIG:
      if (![SIGINT, SIGQUIT, SIGTSTP].includes(argument)) throw new Errno(EINVAL)
      pty.signalForeground(argument)
      return 0
    case FIONREAD:
      return writeInt(memory, argument, pty.shown.length)
    case TCFLSH:
      flush(pty, argument)
      return 0
    default:
      return ptyRequest({pty, flags, isMaster: true}, request, argument, memory)
  }
}

/** The master's input is what the slave shows; its output is what it types. */
function flush(pty: Pty, queue: number): void {
  if (queue < TCIFLUSH || queue > TCIOFLUSH) throw new Errno(EINVAL)
  if (queue !== TCOFLUSH) pty.dropShown()
  if (queue !== TCIFLUSH) pty.clearWaiting()
}
