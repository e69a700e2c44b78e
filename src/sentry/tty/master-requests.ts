// ioctl(2) of a pseudo-terminal's master: what it answers otherwise than the slave. man 2 ioctl_tty, "Pseudoterminal ioctls".

import {EINVAL, ENOTTY, Errno} from '../../abi/errno.ts'
import {minorOf} from '../../abi/file-mode.ts'
import * as ioctl from '../../abi/ioctl.ts'
import {SIGINT, SIGQUIT, SIGTSTP} from '../../abi/signal.ts'
import {readInt, writeInt} from '../../vfs/int-argument.ts'
import {flush, type PtyRequests, SLAVE_REQUESTS} from './pty-requests.ts'

export const MASTER_REQUESTS: PtyRequests = {
  ...SLAVE_REQUESTS,
  [ioctl.TIOCGPTN]: ({rdev}, argument, memory) => writeInt(memory, argument, minorOf(rdev)),
  [ioctl.TIOCSPTLCK]: (pty, argument, memory) => {
    pty.isLocked = readInt(memory, argument) !== 0
  },
  [ioctl.TIOCGPTLCK]: ({isLocked}, argument, memory) => writeInt(memory, argument, isLocked ? 1 : 0),
  [ioctl.TIOCPKT]: ({packets}, argument, memory) => {
    packets.isOn = readInt(memory, argument) !== 0
  },
  [ioctl.TIOCGPKT]: ({packets}, argument, memory) => writeInt(memory, argument, packets.isOn ? 1 : 0),
  [ioctl.TIOCSIG]: (pty, signal) => {
    if (![SIGINT, SIGQUIT, SIGTSTP].includes(signal)) throw new Errno(EINVAL)
    pty.signalForeground(signal)
  },
  // The master's input is what the slave shows; its output is what it types.
  [ioctl.FIONREAD]: ({shown}, argument, memory) => writeInt(memory, argument, shown.length),
  [ioctl.TCFLSH]: (pty, queue) =>
    flush(
      queue,
      () => pty.dropShown(),
      () => pty.clearWaiting(),
    ),
  // It may ask about jobs, but controls nobody.
  [ioctl.TIOCGPGRP]: ({foregroundGroupSeen}, argument, memory) =>
    writeInt(memory, argument, foregroundGroupSeen),
  [ioctl.TIOCGSID]: ({sessionSeen}, argument, memory) => {
    if (sessionSeen === undefined) throw new Errno(ENOTTY)
    writeInt(memory, argument, sessionSeen)
  },
  [ioctl.TIOCNOTTY]: undefined,
  [ioctl.TIOCVHANGUP]: undefined,
  [ioctl.TIOCEXCL]: () => {},
  [ioctl.TIOCNXCL]: () => {},
  [ioctl.TIOCGEXCL]: (_pty, argument, memory) => writeInt(memory, argument, 0),
}
