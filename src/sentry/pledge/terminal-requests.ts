// The ioctl(2) requests that change something about a terminal: the promise tty. man 2 ioctl_tty; asm-generic/ioctls.h.

import {
  TCFLSH,
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
  TIOCGPTPEER,
  TIOCNOTTY,
  TIOCNXCL,
  TIOCPKT,
  TIOCSBRK,
  TIOCSCTTY,
  TIOCSETD,
  TIOCSIG,
  TIOCSPGRP,
  TIOCSPTLCK,
  TIOCSTI,
  TIOCSWINSZ,
  TIOCVHANGUP,
} from '../../abi/ioctl.ts'

const TIOCMBIS = 0x5416
const TIOCMBIC = 0x5417
const TIOCMSET = 0x5418
const TIOCSSOFTCAR = 0x541a
const TIOCLINUX = 0x541c
const TIOCCONS = 0x541d
const TIOCSSERIAL = 0x541f

/** TIOCSTI types a character as if the user had, TIOCSIG sends a signal: these need proc, too (pledge(2)). */
const MOVING = new Set([TIOCSPGRP, TIOCSTI, TIOCSIG])
const CHANGING = new Set([
  ...[TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF, TCSETS2, TCSETSW2, TCSETSF2],
  ...[TCSBRK, TCSBRKP, TCXONC, TCFLSH, TIOCSBRK, TIOCCBRK, TIOCEXCL, TIOCNXCL, TIOCSCTTY, TIOCNOTTY],
  ...[TIOCSWINSZ, TIOCSETD, TIOCPKT, TIOCCONS, TIOCLINUX, TIOCVHANGUP],
  ...[TIOCSPTLCK, TIOCGPTPEER],
  ...[TIOCMBIS, TIOCMBIC, TIOCMSET, TIOCSSOFTCAR, TIOCSSERIAL],
])

export function changesTerminal(request: number): boolean {
  return CHANGING.has(request)
}

/** Whether it gives the terminal to another process group, or types for the user. */
export function movesTerminal(request: number): boolean {
  return MOVING.has(request)
}
