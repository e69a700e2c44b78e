// ioctl(2) of a pseudo-terminal's slave: its modes, size, queues and jobs; its master answers most of them too. man 2 ioctl_tty.

import {opensForReading} from '../../abi/access-mode.ts'
import {EINVAL, EIO, ENOTTY, EPERM, Errno} from '../../abi/errno.ts'
import {
  FIONREAD,
  TCFLSH,
  TCGETA,
  TCGETS,
  TCGETS2,
  TCSBRK,
  TCSBRKP,
  TCSETA,
  TCSETAF,
  TCSETAW,
  TCSETS,
  TCSETS2,
  TCSETSF,
  TCSETSF2,
  TCSETSW,
  TCSETSW2,
  TCXONC,
  TIOCCBRK,
  TIOCEXCL,
  TIOCGDEV,
  TIOCGETD,
  TIOCGEXCL,
  TIOCGPGRP,
  TIOCGSID,
  TIOCGWINSZ,
  TIOCNOTTY,
  TIOCNXCL,
  TIOCOUTQ,
  TIOCSBRK,
  TIOCSCTTY,
  TIOCSETD,
  TIOCSPGRP,
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
  [TCGETS]: getModes(TERMIOS),
  [TCGETS2]: getModes(TERMIOS2),
  [TCGETA]: getModes(TERMIO),
  [TCSETS]: setModes(TERMIOS),
  [TCSETSW]: setModes(TERMIOS),
  [TCSETSF]: setModes(TERMIOS, true),
  [TCSETS2]: setModes(TERMIOS2),
  [TCSETSW2]: setModes(TERMIOS2),
  [TCSETSF2]: setModes(TERMIOS2, true),
  [TCSETA]: setModes(TERMIO),
  [TCSETAW]: setModes(TERMIO),
  [TCSETAF]: setModes(TERMIO, true),
}

export const SLAVE_REQUESTS: PtyRequests = {
  ...MODE_REQUESTS,
  [TIOCGWINSZ]: ({size}, argument, memory) => memory.write(argument, size),
  [TIOCSWINSZ]: (pty, argument, memory) => pty.setSize(memory.read(argument, WINSIZE_SIZE)),
  [FIONREAD]: ({line}, argument, memory) => writeInt(memory, argument, line.inputBytes),
  // Output reaches the master at once.
  [TIOCOUTQ]: (_pty, argument, memory) => writeInt(memory, argument, 0),
  [TCFLSH]: inForeground((pty, queue) =>
    flush(
      queue,
      () => pty.clearTyped(),
      () => pty.clearShown(),
    ),
  ),
  [TCXONC]: inForeground(controlFlow),
  // There is no line to break, and nothing to wait for.
  [TCSBRK]: inForeground(() => {}),
  [TCSBRKP]: inForeground(() => {}),
  [TIOCSBRK]: inForeground(() => {}),
  [TIOCCBRK]: inForeground(() => {}),
  [TIOCGETD]: (_pty, argument, memory) => writeInt(memory, argument, N_TTY),
  [TIOCSETD]: inForeground((_pty, argument, memory) => {
    if (readInt(memory, argument) !== N_TTY) throw new Errno(EINVAL)
  }),
  [TIOCGDEV]: ({rdev}, argument, memory) => writeInt(memory, argument, rdev),
  [TIOCSTI]: () => {
    // As where dev.tty.legacy_tiocsti is 0.
    throw new Errno(EIO)
  },
  [TIOCEXCL]: (pty) => {
    pty.isExclusive = true
  },
  [TIOCNXCL]: (pty) => {
    pty.isExclusive = false
  },
  [TIOCGEXCL]: ({isExclusive}, argument, memory) => writeInt(memory, argument, isExclusive ? 1 : 0),
  [TIOCVHANGUP]: (pty) => {
    if (!pty.isAskedByAdministrator) throw new Errno(EPERM)
    pty.hangUp()
  },
  [TIOCGPGRP]: (pty, argument, memory) => writeInt(memory, argument, pty.foregroundGroup()),
  [TIOCSPGRP]: (pty, argument, memory) => {
    requireForegroundOrNone(pty)
    pty.setForegroundGroup(readInt(memory, argument))
  },
  [TIOCGSID]: (pty, argument, memory) => writeInt(memory, argument, pty.session()),
  [TIOCSCTTY]: (pty, argument, _memory, flags) => pty.acquire(opensForReading(flags), argument),
  [TIOCNOTTY]: (pty) => pty.release(),
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
