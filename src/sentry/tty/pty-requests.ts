// ioctl(2) of a pseudo-terminal's slave: its modes, size, queues and jobs; its master answers most of them too. man 2 ioctl_tty.

import {opensForReading} from '../../abi/access-mode.ts'
import {EINVAL, EIO, ENOTTY, EPERM, Errno} from '../../abi/errno.ts'
import * as ioctl from '../../abi/ioctl.ts'
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
import {decodeModes, encodeModes, type ModesLayout, TERMIO, TERMIOS, TERMIOS2} from './modes.ts'
import type {Pty} from './pty.ts'

/** The one line discipline. */
const N_TTY = 0

/** @param flags with which the asking end was opened */
type PtyRequest = (pty: Pty, argument: number, memory: IoctlMemory, flags: number) => void

/** By number. */
export type PtyRequests = Readonly<Record<number, PtyRequest | undefined>>

/** @returns what ioctl(2) does @throws Errno ENOTTY for unknown requests */
export function answerRequest(
  requests: PtyRequests,
  request: number,
  ...asked: Parameters<PtyRequest>
): number {
  const answer = requests[request]
  if (answer === undefined) throw new Errno(ENOTTY)
  answer(...asked)
  return 0
}

/** The modes, in each layout: man 2 TCSETS. Output never has to be waited for. */
const MODE_REQUESTS: PtyRequests = {
  [ioctl.TCGETS]: getModes(TERMIOS),
  [ioctl.TCGETS2]: getModes(TERMIOS2),
  [ioctl.TCGETA]: getModes(TERMIO),
  [ioctl.TCSETS]: setModes(TERMIOS),
  [ioctl.TCSETSW]: setModes(TERMIOS),
  [ioctl.TCSETSF]: setModes(TERMIOS, true),
  [ioctl.TCSETS2]: setModes(TERMIOS2),
  [ioctl.TCSETSW2]: setModes(TERMIOS2),
  [ioctl.TCSETSF2]: setModes(TERMIOS2, true),
  [ioctl.TCSETA]: setModes(TERMIO),
  [ioctl.TCSETAW]: setModes(TERMIO),
  [ioctl.TCSETAF]: setModes(TERMIO, true),
}

export const SLAVE_REQUESTS: PtyRequests = {
  ...MODE_REQUESTS,
  [ioctl.TIOCGWINSZ]: ({size}, argument, memory) => memory.write(argument, size),
  [ioctl.TIOCSWINSZ]: (pty, argument, memory) => pty.setSize(memory.read(argument, WINSIZE_SIZE)),
  [ioctl.FIONREAD]: ({line}, argument, memory) => writeInt(memory, argument, line.inputBytes),
  // Output reaches the master at once.
  [ioctl.TIOCOUTQ]: (_pty, argument, memory) => writeInt(memory, argument, 0),
  [ioctl.TCFLSH]: inForeground((pty, queue) =>
    flush(
      queue,
      () => pty.clearTyped(),
      () => pty.clearShown(),
    ),
  ),
  [ioctl.TCXONC]: inForeground(controlFlow),
  // There is no line to break, and nothing to wait for.
  [ioctl.TCSBRK]: inForeground(() => {}),
  [ioctl.TCSBRKP]: inForeground(() => {}),
  [ioctl.TIOCSBRK]: inForeground(() => {}),
  [ioctl.TIOCCBRK]: inForeground(() => {}),
  [ioctl.TIOCGETD]: (_pty, argument, memory) => writeInt(memory, argument, N_TTY),
  [ioctl.TIOCSETD]: inForeground((_pty, argument, memory) => {
    if (readInt(memory, argument) !== N_TTY) throw new Errno(EINVAL)
  }),
  [ioctl.TIOCGDEV]: ({rdev}, argument, memory) => writeInt(memory, argument, rdev),
  [ioctl.TIOCSTI]: () => {
    // As where dev.tty.legacy_tiocsti is 0.
    throw new Errno(EIO)
  },
  [ioctl.TIOCEXCL]: (pty) => {
    pty.isExclusive = true
  },
  [ioctl.TIOCNXCL]: (pty) => {
    pty.isExclusive = false
  },
  [ioctl.TIOCGEXCL]: ({isExclusive}, argument, memory) => writeInt(memory, argument, isExclusive ? 1 : 0),
  [ioctl.TIOCVHANGUP]: (pty) => {
    if (!pty.isAskedByAdministrator) throw new Errno(EPERM)
    pty.hangUp()
  },
  [ioctl.TIOCGPGRP]: (pty, argument, memory) => writeInt(memory, argument, pty.foregroundGroup()),
  [ioctl.TIOCSPGRP]: (pty, argument, memory) => {
    requireForegroundOrNone(pty)
    pty.setForegroundGroup(readInt(memory, argument))
  },
  [ioctl.TIOCGSID]: (pty, argument, memory) => writeInt(memory, argument, pty.session()),
  [ioctl.TIOCSCTTY]: (pty, argument, _memory, flags) => pty.acquire(opensForReading(flags), argument),
  [ioctl.TIOCNOTTY]: (pty) => pty.release(),
}

function inForeground(answer: PtyRequest): PtyRequest {
  return (pty, ...asked) => {
    pty.requireForeground()
    answer(pty, ...asked)
  }
}

function getModes(layout: ModesLayout): PtyRequest {
  return ({line}, argument, memory) => memory.write(argument, encodeModes(line.modes, layout))
}

/** @param flushes whether it empties the input first */
function setModes(layout: ModesLayout, flushes = false): PtyRequest {
  return inForeground((pty, argument, memory) => {
    const wanted = decodeModes(memory.read(argument, layout.size), pty.line.modes, layout)
    if (flushes) pty.clearTyped()
    pty.setModes(wanted)
  })
}

/** tcflush(3). */
export function flush(queue: number, input: () => void, output: () => void): void {
  if (queue < TCIFLUSH || queue > TCIOFLUSH) throw new Errno(EINVAL)
  if (queue !== TCOFLUSH) input()
  if (queue !== TCIFLUSH) output()
}

/** tcflow(3). */
function controlFlow(pty: Pty, action: number): void {
  const {flow, modes} = pty.line
  if (action === TCOOFF) flow.stopByProgram()
  else if (action === TCOON) flow.startByProgram()
  else if (action === TCIOFF) pty.send(modes.characters[VSTOP])
  else if (action === TCION) pty.send(modes.characters[VSTART])
  else throw new Errno(EINVAL)
}

/** Linux says ENOTTY here to a job that nobody could continue. */
function requireForegroundOrNone(pty: Pty): void {
  try {
    pty.requireForeground()
  } catch (error) {
    throw error instanceof Errno && error.code === EIO ? new Errno(ENOTTY) : error
  }
}
