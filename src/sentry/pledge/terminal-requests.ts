// The ioctl(2) requests that do something to a terminal: the promise tty. man 2 ioctl_tty; asm-generic/ioctls.h.

import {
  TCFLSH,
  TCSBRK,
  TCSBRKP,
  TCSETS,
  TCSETSF,
  TCSETSW,
  TCXONC,
  TIOCEXCL,
  TIOCNOTTY,
  TIOCNXCL,
  TIOCSCTTY,
  TIOCSPGRP,
  TIOCSWINSZ,
} from '../../abi/ioctl.ts'

const TCSETA = 0x5406
const TCSETAW = 0x5407
const TCSETAF = 0x5408
/** Types a character as if the user had: pledge(2) asks for proc too. */
const TIOCSTI = 0x5412
const TIOCMBIS = 0x5416
const TIOCMBIC = 0x5417
const TIOCMSET = 0x5418
const TIOCSSOFTCAR = 0x541a
const TIOCLINUX = 0x541c
const TIOCCONS = 0x541d
const TIOCSSERIAL = 0x541f
const TIOCPKT = 0x5420
const TIOCSETD = 0x5423
const TIOCSBRK = 0x5427
const TIOCCBRK = 0x5428
const TIOCVHANGUP = 0x5437
/** _IOW('T', 0x2b to 0x2d, struct termios2). */
const TCSETS2 = 0x402c542b
const TCSETSW2 = 0x402c542c
const TCSETSF2 = 0x402c542d

const MOVING = new Set([TIOCSPGRP, TIOCSTI])
const CHANGING = new Set([
  ...[TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF, TCSETS2, TCSETSW2, TCSETSF2],
  ...[TCSBRK, TCSBRKP, TCXONC, TCFLSH, TIOCSBRK, TIOCCBRK, TIOCEXCL, TIOCNXCL, TIOCSCTTY, TIOCNOTTY],
  ...[TIOCSWINSZ, TIOCSETD, TIOCPKT, TIOCCONS, TIOCLINUX, TIOCVHANGUP],
  ...[TIOCMBIS, TIOCMBIC, TIOCMSET, TIOCSSOFTCAR, TIOCSSERIAL],
])

export function changesTerminal(request: number): boolean {
  return CHANGING.has(request)
}

/** Gives the terminal to another process group, or types for the user. */
export function movesTerminal(request: number): boolean {
  return MOVING.has(request)
}
