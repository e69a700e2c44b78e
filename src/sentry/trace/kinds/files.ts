// Kinds of files' flags, modes and offsets.

import * as at from '../../../abi/at-flags.ts'
import * as fcntl from '../../../abi/fcntl.ts'
import * as iovec from '../../../abi/iovec.ts'
import * as open from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import {flagNames, type OpenHow} from '../argument-value.ts'
import {flagged, HIDDEN, type Kind, type Kinds, named, structIn} from '../kind.ts'
import {atFlags, fileMode, openFlags, openRest, seekWhence} from '../names/files.ts'
import {counted, enumeration, flagWord, hex, type Names, octal, pick, startingWith} from '../text/number.ts'
import {viewOf} from '../traced-call.ts'

/** umode_t is 16 bits wide. */
const MODE_BITS = 0xffff

const {O_CREAT, O_TMPFILE, O_CLOEXEC, O_NONBLOCK, OPEN_HOW_SIZE} = open
const resolveFlags = flagWord(startingWith(at, 'RESOLVE_'), 'RESOLVE_???')

export const files = {
  openflags: flagged(openFlags),
  /** O_CLOEXEC and the like, with no access mode. */
  fdflags: flagged(openRest),
  epollflags: descriptorFlags('EPOLL'),
  // strace has one list for all of timerfd's flags.
  timerfdflags: descriptorFlags('TFD', {TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2}),
  signalfdflags: descriptorFlags('SFD'),
  eventfdflags: descriptorFlags('EFD', pick(fcntl, 'EFD_SEMAPHORE')),
  /** mode_t: a number, except for mknod(2), which includes a type. open(2) takes it only with flags that create. */
  mode: {
    enter(call, index) {
      if (call.words[index - 1] === 'openflags' && !creates(call.int32(index - 1))) return HIDDEN
      const mode = call.uint32(index)
      return call.words[index + 1] === 'dev' ? fileMode(mode) : octal(mode & MODE_BITS)
    },
    value: (call, index) => ({kind: 'number', value: call.uint32(index) & MODE_BITS}),
  },
  /** openat2(2)'s struct open_how: flags, mode, resolve. */
  open_how: {
    ...structIn(OPEN_HOW_SIZE, showOpenHow),
    value: (call, index) => {
      const bytes = call.memory.readBytes(call.address(index), OPEN_HOW_SIZE)
      return {kind: 'open_how', value: openHowOf(viewOf(bytes))}
    },
  },
  atflags: flagged((value, call) => atFlags(value, call.name)),
  amode: flagged(flagWord(pick(at, 'R_OK W_OK X_OK'), '?_OK', 'F_OK')),
  fadvice: named(
    enumeration(
      counted('POSIX_FADV_', 'NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED NOREUSE'),
      'POSIX_FADV_???',
    ),
  ),
  rwflags: flagged(flagWord(startingWith(iovec, 'RWF_'), 'RWF_???')),
  whence: named(seekWhence),
  renameflags: flagged(flagWord(startingWith(open, 'RENAME_'), 'RENAME_??')),
  fallocmode: flagged(flagWord(startingWith(open, 'FALLOC_FL_'), 'FALLOC_FL_???')),
  lockop: flagged(flagWord(startingWith(fcntl, 'LOCK_'), 'LOCK_???')),
  memfdflags: flagged(flagWord(startingWith(fcntl, 'MFD_'), 'MFD_???')),
  closerangeflags: flagged(flagWord(startingWith(fcntl, 'CLOSE_RANGE_'), 'CLOSE_RANGE_???')),
} satisfies Kinds

/** O_CLOEXEC and O_NONBLOCK under the name of a family of calls: epoll_create1(2)'s EPOLL, after `more` flags. */
function descriptorFlags(family: string, more: Names = {}): Kind {
  const both = {[`${family}_CLOEXEC`]: O_CLOEXEC, [`${family}_NONBLOCK`]: O_NONBLOCK}
  return flagged(flagWord({...more, ...both}, `${family}_???`))
}

function creates(guestFlags: number): boolean {
  const flags = arch.kernelAbi.openFlags(guestFlags)
  return (flags & O_CREAT) !== 0 || (flags & O_TMPFILE) === O_TMPFILE
}

function openHowOf(view: DataView): OpenHow {
  return {
    flags: flagNames(openFlags(view.getUint32(0, true))),
    mode: view.getUint32(8, true),
    resolve: flagNames(resolveFlags(view.getUint32(16, true))),
  }
}

function showOpenHow(view: DataView): string {
  const flags = view.getUint32(0, true)
  const mode = creates(flags) ? `, mode=${octal(view.getUint32(8, true))}` : ''
  const high = view.getUint32(4, true)
  const more = high === 0 ? '' : `|${hex(0, high)}`
  return `{flags=${openFlags(flags)}${more}${mode}, resolve=${resolveFlags(view.getUint32(16, true))}}`
}
