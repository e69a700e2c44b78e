// Kinds of files' flags, modes and offsets.

import {O_CREAT, O_TMPFILE, OPEN_HOW_SIZE} from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import {flagNames, type OpenHow} from '../argument-value.ts'
import {flagged, HIDDEN, type Kinds, named, structIn} from '../kind.ts'
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
import {viewOf} from '../traced-call.ts'

/** umode_t is 16 bits wide. */
const MODE_BITS = 0xffff

export const files = {
  openflags: flagged(openFlags),
  /** O_CLOEXEC and the like, with no access mode. */
  fdflags: flagged(descriptorFlags('O')),
  epollflags: flagged(descriptorFlags('EPOLL')),
  timerfdflags: flagged(descriptorFlags('TFD')),
  signalfdflags: flagged(descriptorFlags('SFD')),
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
  amode: flagged(accessBits),
  fadvice: named(adviceName),
  rwflags: flagged(readWriteFlags),
  whence: named(seekWhence),
  renameflags: flagged(renameFlags),
  fallocmode: flagged(fallocateMode),
  lockop: flagged(lockOperation),
  eventfdflags: flagged(eventfdFlags),
  memfdflags: flagged(memfdFlags),
  closerangeflags: flagged(closeRangeFlags),
} satisfies Kinds

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
