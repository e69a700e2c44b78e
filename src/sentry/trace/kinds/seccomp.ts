// Kinds of seccomp(2): the operation determines what its last argument is.

import * as abi from '../../../abi/seccomp.ts'
import {flagged, type Kinds, named} from '../kind.ts'
import {enumeration, flagWord, pick, startingWith} from '../text/number.ts'
import {pointer64} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

const FPROG_SIZE = 16

const operations = pick(
  abi,
  'SECCOMP_SET_MODE_STRICT SECCOMP_SET_MODE_FILTER SECCOMP_GET_ACTION_AVAIL SECCOMP_GET_NOTIF_SIZES',
)
const actionName = enumeration(
  startingWith(abi, 'SECCOMP_RET_', ['SECCOMP_RET_DATA', 'SECCOMP_RET_ACTION_FULL']),
  'SECCOMP_RET_???',
)
export const seccompModeName = enumeration(startingWith(abi, 'SECCOMP_MODE_'), 'SECCOMP_MODE_???')

export const seccomp = {
  seccomp: named(enumeration(operations, 'SECCOMP_SET_MODE_???')),
  seccompflags: flagged(flagWord(startingWith(abi, 'SECCOMP_FILTER_FLAG_'), 'SECCOMP_FILTER_FLAG_???')),
  seccomparg: {
    enter(call, index) {
      switch (call.int32(0)) {
        case abi.SECCOMP_SET_MODE_FILTER:
          return showProgram(call, index)
        case abi.SECCOMP_GET_ACTION_AVAIL:
          return call.struct(index, 4, (view) => `[${actionName(view.getInt32(0, true))}]`)
        default:
          return call.pointer(index)
      }
    },
  },
} satisfies Kinds

/** struct sock_fprog. */
export function showProgram(call: TracedCall, index: number): string {
  return call.struct(
    index,
    FPROG_SIZE,
    (view) => `{len=${view.getUint16(0, true)}, filter=${pointer64(view, 8)}}`,
  )
}
