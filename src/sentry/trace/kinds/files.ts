// Kinds of files' flags, modes and offsets.

import {O_CREAT, O_TMPFILE, OPEN_HOW_SIZE} from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import {HIDDEN, type Kinds, named, structIn} from '../kind.ts'
import {
  accessBits,
  adviceName,
  atFlags,
  closeRangeFlags,
  descriptorFlags,
  eventfdFlags,
  fallocateMode,
  fileMode,
  lockOperation,
  memfdFlags,
  openFlags,
  readWriteFlags,
  renameFlags,
  resolveFlags,
  seekWhence,
} from '../names/files.ts'
import {hex, octal} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'

/** umode_t is 16 bits wide. */
const MODE_BITS = 0xffff

export const files = {
  openflags: named(openFlags),
  /** O_CLOEXEC and its like, with no access mode. */
  fdflags: named(descriptorFlags('O')),
  epollflags: named(descriptorFlags('EPOLL')),
  timerfdflags: named(descriptorFlags('TFD')),
  signalfdflags: named(descriptorFlags('SFD')),
  /** mode_t: a number, but to mknod(2), which takes a type with it. open(2) takes it only with flags that create. */
  mode: {
    enter(call, index) {
      if (call.words[index - 1] === 'openflags' && !creates(call.int32(index - 1))) return HIDDEN
      const mode = call.uint32(index)
      return call.words[index + 1] === 'dev' ? fileMode(mode) : octal(mode & MODE_BITS)
    },
  },
  /** openat2(2)'s struct open_how: flags, mode, resolve. */
  open_how: structIn(OPEN_HOW_SIZE, showOpenHow),
  atflags: {enter: (call: TracedCall, index: number) => atFlags(call.int32(index), call.name)},
  amode: named(accessBits),
  fadvice: named(adviceName),
  rwflags: named(readWriteFlags),
  whence: named(seekWhence),
  renameflags: named(renameFlags),
  fallocmode: named(fallocateMode),
  lockop: named(lockOperation),
  eventfdflags: named(eventfdFlags),
  memfdflags: named(memfdFlags),
  closerangeflags: named(closeRangeFlags),
} satisfies Kinds

function creates(guestFlags: number): boolean {
  const flags = arch.kernelAbi.openFlags(guestFlags)
  return (flags & O_CREAT) !== 0 || (flags & O_TMPFILE) === O_TMPFILE
}

function showOpenHow(view: DataView): string {
  const flags = view.getUint32(0, true)
  const mode = creates(flags) ? `, mode=${octal(view.getUint32(8, true))}` : ''
  const high = view.getUint32(4, true)
  const more = high === 0 ? '' : `|${hex(0, high)}`
  return `{flags=${openFlags(flags)}${more}${mode}, resolve=${resolveFlags(view.getUint32(16, true))}}`
}
