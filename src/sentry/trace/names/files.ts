// Names of files' flags and modes that several kinds show: open(2), lseek(2), the *at calls.

import * as at from '../../../abi/at-flags.ts'
import * as mode from '../../../abi/file-mode.ts'
import * as open from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import {enumeration, flagWord, type Names, octal, pick, startingWith} from '../text/number.ts'

const accessMode = enumeration(pick(open, 'O_RDONLY O_WRONLY O_RDWR'), 'O_???')
/** Flags with several bits come before their parts. */
const openBits: Names = pick(
  open,
  'O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC O_ASYNC O_DIRECT O_LARGEFILE O_NOFOLLOW ' +
    'O_NOATIME O_CLOEXEC O_PATH O_TMPFILE O_DIRECTORY',
)
const openWord = flagWord(openBits, 'O_???')
/** Flags without an access mode: pipe2(2)'s. */
export const openRest = (value: number): string => openWord(arch.kernelAbi.openFlags(value))

/** open(2)'s flags: the access mode, then the others. */
export function openFlags(value: number): string {
  const access = value & open.O_ACCMODE
  const rest = value & ~open.O_ACCMODE
  const accessText = access === open.O_ACCMODE ? 'O_ACCMODE' : accessMode(access)
  if (rest === 0) return accessText
  const restText = openRest(rest)
  return `${accessText}|${restText.startsWith('0x') ? restText.split(' ')[0] : restText}`
}

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

export const seekWhence = enumeration(startingWith(open, 'SEEK_'), 'SEEK_???')

const atNames = pick(at, 'AT_SYMLINK_NOFOLLOW AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT AT_EMPTY_PATH')
const atBits = flagWord(atNames, 'AT_???')
const {AT_REMOVEDIR: AT_EACCESS, ...withoutRemove} = atNames
/** For faccessat2(2), 0x200 is a different flag than for unlinkat(2). */
const atAccessBits = flagWord({...withoutRemove, AT_EACCESS}, 'AT_???')

export function atFlags(value: number, callName: string): string {
  return callName === 'faccessat2' ? atAccessBits(value) : atBits(value)
}
