// Names of files' flags: open(2), fcntl(2), access(2), the *at calls.

import * as at from '../../../abi/at-flags.ts'
import * as fcntl from '../../../abi/fcntl.ts'
import * as mode from '../../../abi/file-mode.ts'
import * as iovec from '../../../abi/iovec.ts'
import * as open from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import {counted, enumeration, flagWord, type Names, octal, pick, startingWith} from '../text/number.ts'

const accessMode = enumeration(pick(open, 'O_RDONLY O_WRONLY O_RDWR'), 'O_???')
/** Flags with several bits come before their parts. */
const openBits: Names = pick(
  open,
  'O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC O_ASYNC O_DIRECT O_LARGEFILE O_NOFOLLOW ' +
    'O_NOATIME O_CLOEXEC O_PATH O_TMPFILE O_DIRECTORY',
)
const openWord = flagWord(openBits, 'O_???')
const openRest = (value: number): string => openWord(arch.kernelAbi.openFlags(value))

/** open(2)'s flags: the access mode, then the others. */
export function openFlags(value: number): string {
  const access = value & open.O_ACCMODE
  const rest = value & ~open.O_ACCMODE
  const accessText = access === open.O_ACCMODE ? 'O_ACCMODE' : accessMode(access)
  if (rest === 0) return accessText
  const restText = openRest(rest)
  return `${accessText}|${restText.startsWith('0x') ? restText.split(' ')[0] : restText}`
}

/** O_CLOEXEC and O_NONBLOCK under the name of a family of calls: pipe2(2)'s O, timerfd_create(2)'s TFD. */
export function descriptorFlags(family: string): (value: number) => string {
  if (family === 'O') return openRest
  const {O_CLOEXEC, O_NONBLOCK} = open
  // strace has one list for all of timerfd's flags.
  const more: Names = family === 'TFD' ? {TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2} : {}
  return flagWord(
    {...more, [`${family}_CLOEXEC`]: O_CLOEXEC, [`${family}_NONBLOCK`]: O_NONBLOCK},
    `${family}_???`,
  )
}

export const eventfdFlags = flagWord(
  {EFD_SEMAPHORE: fcntl.EFD_SEMAPHORE, EFD_CLOEXEC: open.O_CLOEXEC, EFD_NONBLOCK: open.O_NONBLOCK},
  'EFD_???',
)

const types = startingWith(mode, 'S_IF', ['S_IFMT'])
const knownTypes: ReadonlySet<number> = new Set(Object.values(types))
const fileType = enumeration(types, 'S_IFMT')
const specialBits = Object.entries(pick(mode, 'S_ISUID S_ISGID S_ISVTX'))

/** mode_t: `S_IFREG|0644`, or `0644` without a type. */
export function fileMode(value: number): string {
  const type = value & mode.S_IFMT
  let permissions = value & ~mode.S_IFMT
  if (!knownTypes.has(type)) return octal(value)
  const parts = [fileType(type)]
  for (const [name, bit] of specialBits) {
    if ((permissions & bit) === 0) continue
    parts.push(name)
    permissions &= ~bit
  }
  return [...parts, octal(permissions)].join('|')
}

export const accessBits = flagWord(pick(at, 'R_OK W_OK X_OK'), '?_OK', 'F_OK')
export const seekWhence = enumeration(startingWith(open, 'SEEK_'), 'SEEK_???')
export const renameFlags = flagWord(startingWith(open, 'RENAME_'), 'RENAME_??')
export const fallocateMode = flagWord(startingWith(open, 'FALLOC_FL_'), 'FALLOC_FL_???')
export const resolveFlags = flagWord(startingWith(at, 'RESOLVE_'), 'RESOLVE_???')
export const lockOperation = flagWord(startingWith(fcntl, 'LOCK_'), 'LOCK_???')
export const lockType = enumeration(pick(fcntl, 'F_RDLCK F_WRLCK F_UNLCK'), 'F_???')
export const descriptorBits = flagWord(pick(fcntl, 'FD_CLOEXEC'), 'FD_???')
export const seals = flagWord(startingWith(fcntl, 'F_SEAL_'), 'F_SEAL_???')
export const memfdFlags = flagWord(startingWith(fcntl, 'MFD_'), 'MFD_???')
export const closeRangeFlags = flagWord(startingWith(fcntl, 'CLOSE_RANGE_'), 'CLOSE_RANGE_???')
export const fcntlCommand = enumeration(
  startingWith(fcntl, 'F_', ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'], 'F_SEAL_'),
  'F_???',
)

export const adviceName = enumeration(
  counted('POSIX_FADV_', 'NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED NOREUSE'),
  'POSIX_FADV_???',
)
export const readWriteFlags = flagWord(startingWith(iovec, 'RWF_'), 'RWF_???')

const atNames = pick(at, 'AT_SYMLINK_NOFOLLOW AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT AT_EMPTY_PATH')
const atBits = flagWord(atNames, 'AT_???')
const {AT_REMOVEDIR: AT_EACCESS, ...withoutRemove} = atNames
/** For faccessat2(2), 0x200 is a different flag than for unlinkat(2). */
const atAccessBits = flagWord({...withoutRemove, AT_EACCESS}, 'AT_???')

export function atFlags(value: number, callName: string): string {
  return callName === 'faccessat2' ? atAccessBits(value) : atBits(value)
}
