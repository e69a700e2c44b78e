// ioctl(2) of a pseudo-terminal's master: what it answers otherwise than the slave. man 2 ioctl_tty, "Pseudoterminal ioctls".

import {EINVAL, ENOTTY, Errno} from '../../abi/errno.ts'
import {minorOf} from '../../abi/file-mode.ts'
import {
  FIONREAD,
  TCFLSH,
  TIOCEXCL,
  TIOCGEXCL,
  TIOCGPGRP,
  TIOCGPKT,
  TIOCGPTLCK,
  TIOCGPTN,
  TIOCGSID,
  TIOCNOTTY,
  TIOCNXCL,
  TIOCPKT,
  TIOCSIG,
  TIOCSPTLCK,
  TIOCVHANGUP,
} from '../../abi/ioctl.ts'
import {SIGINT, SIGQUIT, SIGTSTP} from '../../abi/signal.ts'
import {readInt, writeInt} from '../../vfs/int-argument.ts'
import {flush, type PtyRequests, SLAVE_REQUESTS} from './pty-requests.ts'

export const MASTER_REQUESTS: PtyRequests = {
  ...SLAVE_REQUESTS,
  [TIOCGPTN]: ({rdev}, argument, memory) => writeInt(memory, argument, minorOf(rdev)),
  [TIOCSPTLCK]: (pty, argument, memory) => {
    pty.isLocked = readInt(memory, argument) !== 0
  },
  [TIOCGPTLCK]: ({isLocked}, argument, memory) => writeInt(memory, argument, isLocked ? 1 : 0),
  [TIOCPKT]: ({packets}, argument, memory) => {
    packets.isOn = readInt(memory, argument) !== 0
  },
  [TIOCGPKT]: ({packets}, argument, memory) => writeInt(memory, argument, packets.isOn ? 1 : 0),
  [TIOCSIG]: (pty, signal) => {
    if (![SIGINT, SIGQUIT, SIGTSTP].includes(signal)) throw new Errno(EINVAL)
    pty.signalForeground(signal)
  },
  // The master's input is what the slave shows; its output is what it types.
  [FIONREAD]: ({shown}, argument, memory) => writeInt(memory, argument, shown.length),
  [TCFLSH]: (pty, queue) =>
    flush(
      queue,
      () => pty.dropShown(),
      () => pty.clearWaiting(),
    ),
  // It may ask about jobs, but controls nobody.
  [TIOCGPGRP]: ({foregroundGroupSeen}, argument, memory) => writeInt(memory, argument, foregroundGroupSeen),
  [TIOCGSID]: ({sessionSeen}, argument, memory) => {
    if (sessionSeen === undefined) throw new Errno(ENOTTY)
    writeInt(memory, argument, sessionSeen)
  },
  [TIOCNOTTY]: undefined,
  [TIOCVHANGUP]: undefined,
  [TIOCEXCL]: () => {},
  [TIOCNXCL]: () => {},
  [TIOCGEXCL]: (_pty, argument, memory) => writeInt(memory, argument, 0),
}
