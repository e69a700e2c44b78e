// Kinds of fcntl(2) and ioctl(2): the second argument determines the third.

import * as fcntl from '../../../abi/fcntl.ts'
import * as ioctl from '../../../abi/ioctl.ts'
import {TERMIOS_SIZE, WINSIZE_SIZE} from '../../../abi/termios.ts'
import {HIDDEN, type Kinds, named} from '../kind.ts'
import {openFlags, seekWhence} from '../names/files.ts'
import {enumeration, flagWord, hexOf, pick, startingWith} from '../text/number.ts'
import {int64} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

const LOCK_TYPES = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK']
const fcntlCommand = enumeration(startingWith(fcntl, 'F_', LOCK_TYPES, 'F_SEAL_'), 'F_???')
const lockType = enumeration(pick(fcntl, LOCK_TYPES.join(' ')), 'F_???')
const descriptorBits = flagWord(pick(fcntl, 'FD_CLOEXEC'), 'FD_???')
const seals = flagWord(startingWith(fcntl, 'F_SEAL_'), 'F_SEAL_???')

// Which argument each command of fcntl(2) takes, and what it returns.
const takesNothing: ReadonlySet<number> = new Set([
  fcntl.F_GETFD,
  fcntl.F_GETFL,
  fcntl.F_GETOWN,
  fcntl.F_GETSIG,
  fcntl.F_GETLEASE,
  fcntl.F_GETPIPE_SZ,
  fcntl.F_GET_SEALS,
])

const takesLock: ReadonlySet<number> = new Set([
  fcntl.F_SETLK,
  fcntl.F_SETLKW,
  fcntl.F_OFD_SETLK,
  fcntl.F_OFD_SETLKW,
])

const fillsLock: ReadonlySet<number> = new Set([fcntl.F_GETLK, fcntl.F_OFD_GETLK])

const requests = startingWith(ioctl, '')
const knownRequests: ReadonlySet<number> = new Set(Object.values(requests))
const requestName = enumeration(requests, 'ioctl ???')

/** Requests whose pointer leads to one int: read by the kernel, or filled. */
const intIn: ReadonlySet<number> = new Set([
  ioctl.FIONBIO,
  ioctl.FIOASYNC,
  ioctl.TIOCSPGRP,
  ioctl.FIOSETOWN,
  ioctl.SIOCSPGRP,
])
const intOut: ReadonlySet<number> = new Set([
  ioctl.FIONREAD,
  ioctl.TIOCGPGRP,
  ioctl.TIOCGSID,
  ioctl.TIOCOUTQ,
  ioctl.FIOGETOWN,
  ioctl.SIOCGPGRP,
])
const termiosIn: ReadonlySet<number> = new Set([ioctl.TCSETS, ioctl.TCSETSW, ioctl.TCSETSF])
const plain: ReadonlySet<number> = new Set([ioctl.TCSBRK, ioctl.TCSBRKP, ioctl.TCXONC, ioctl.TCFLSH])
const none: ReadonlySet<number> = new Set([ioctl.FIOCLEX, ioctl.FIONCLEX, ioctl.TIOCNOTTY, ioctl.TIOCEXCL])

export const control = {
  fcntl: named(fcntlCommand),
  fcntlarg: {
    enter(call, index) {
      const command = call.int32(index - 1)
      if (takesNothing.has(command)) return HIDDEN
      if (takesLock.has(command)) return call.struct(index, fcntl.FLOCK_SIZE, showLock)
      return fillsLock.has(command) ? undefined : showValue(call, index, command)
    },
    leave: (call, index) =>
      fillsLock.has(call.int32(index - 1)) ? call.struct(index, fcntl.FLOCK_SIZE, showFoundLock) : '',
    note(call, index, result) {
      const command = call.int32(index - 1)
      if (command === fcntl.F_GETFL) return `flags ${openFlags(result)}`
      if (command === fcntl.F_GETFD) return result === 0 ? undefined : `flags ${descriptorBits(result)}`
      return command === fcntl.F_GET_SEALS && result !== 0 ? `seals ${seals(result)}` : undefined
    },
  },
  ioctl: {enter: (call, index) => requestText(call.uint32(index))},
  ioctlarg: {
    enter(call, index) {
      const command = call.int32(index - 1)
      if (none.has(command)) return HIDDEN
      if (plain.has(command)) return String(call.int32(index))
      if (intIn.has(command)) return call.struct(index, 4, (view) => `[${view.getInt32(0, true)}]`)
      if (termiosIn.has(command)) return call.struct(index, TERMIOS_SIZE, showTermios)
      return command === ioctl.TIOCSWINSZ ? call.struct(index, WINSIZE_SIZE, showWinsize) : undefined
    },
    leave(call, index) {
      const command = call.int32(index - 1)
      if (intOut.has(command)) return call.struct(index, 4, (view) => `[${view.getInt32(0, true)}]`)
      if (command === ioctl.TIOCGWINSZ) return call.struct(index, WINSIZE_SIZE, showWinsize)
      if (command === ioctl.TCGETS) return call.struct(index, TERMIOS_SIZE, showTermios)
      return kindTakesInput(command) ? '' : call.pointer(index)
    },
  },
} satisfies Kinds

/** asm-generic/ioctl.h: the number of an unknown request, taken apart. */
function requestText(value: number): string {
  if (knownRequests.has(value)) return requestName(value)
  const [direction, size] = [value >>> 30, (value >>> 16) & 0x3fff]
  const directions = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE']
  const [type, number] = [(value >>> 8) & 0xff, value & 0xff]
  return `_IOC(${directions[direction]}, ${hexOf(type)}, ${hexOf(number)}, ${hexOf(size)})`
}

function showValue(call: TracedCall, index: number, command: number): string {
  switch (command) {
    case fcntl.F_SETFD:
      return descriptorBits(call.int32(index))
    case fcntl.F_SETFL:
      return openFlags(call.int32(index))
    case fcntl.F_ADD_SEALS:
      return seals(call.int32(index))
    case fcntl.F_DUPFD:
    case fcntl.F_DUPFD_CLOEXEC:
      return String(call.uint32(index))
    case fcntl.F_SETOWN:
    case fcntl.F_SETPIPE_SZ:
      return String(call.int32(index))
    default:
      return call.hex(index)
  }
}

function kindTakesInput(command: number): boolean {
  return [none, plain, intIn, termiosIn].some((set) => set.has(command)) || command === ioctl.TIOCSWINSZ
}

function showLock(view: DataView): string {
  const type = lockType(view.getInt16(0, true))
  const whence = seekWhence(view.getInt16(2, true))
  return `{l_type=${type}, l_whence=${whence}, l_start=${int64(view, 8)}, l_len=${int64(view, 16)}}`
}

/** F_GETLK's answer includes the holder. */
function showFoundLock(view: DataView): string {
  return showLock(view).replace('}', `, l_pid=${view.getInt32(24, true)}}`)
}

function showWinsize(view: DataView): string {
  const fields = ['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel']
  return `{${fields.map((name, i) => `${name}=${view.getUint16(2 * i, true)}`).join(', ')}}`
}

function showTermios(view: DataView): string {
  const fields = ['c_iflag', 'c_oflag', 'c_cflag', 'c_lflag']
  return `{${fields.map((name, i) => `${name}=${hexOf(view.getUint32(4 * i, true))}`).join(', ')}, ...}`
}
