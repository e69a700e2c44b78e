// Kinds of prctl(2): the option determines how many arguments it takes, and what the first of them is.

import {
  PR_CAPBSET_DROP,
  PR_CAPBSET_READ,
  PR_GET_DUMPABLE,
  PR_GET_NAME,
  PR_GET_PDEATHSIG,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_SECCOMP,
  PR_SET_THP_DISABLE,
  PR_SET_TIMERSLACK,
} from '../../../abi/prctl.ts'
import {SECCOMP_MODE_FILTER} from '../../../abi/seccomp.ts'
import type {UserMemory} from '../../memory/user-memory.ts'
import {HIDDEN, type Kinds, named} from '../kind.ts'
import {signalName} from '../names/signals.ts'
import {counted, enumeration} from '../text/number.ts'
import {quote, quoteString} from '../text/quote.ts'
import type {TracedCall} from '../traced-call.ts'
import {capabilityName} from './capabilities.ts'
import {seccompModeName, showProgram} from './seccomp.ts'

const COMM_LENGTH = 15
/** Longer strings are not names. */
const NAME_LIMIT = 4096

const dumpableName = enumeration(counted('SUID_DUMP_', 'DISABLE USER ROOT'), 'SUID_DUMP_???')
const prctlName = enumeration(
  {
    ...counted('PR_', 'SET_PDEATHSIG GET_PDEATHSIG GET_DUMPABLE SET_DUMPABLE GET_UNALIGN SET_UNALIGN', 1),
    ...counted('PR_', 'GET_KEEPCAPS SET_KEEPCAPS', 7),
    ...counted('PR_', 'GET_TIMING SET_TIMING SET_NAME GET_NAME', 13),
    ...counted('PR_', 'GET_SECCOMP SET_SECCOMP CAPBSET_READ CAPBSET_DROP GET_TSC SET_TSC', 21),
    ...counted('PR_', 'GET_SECUREBITS SET_SECUREBITS SET_TIMERSLACK GET_TIMERSLACK', 27),
    ...counted('PR_', 'SET_MM SET_CHILD_SUBREAPER GET_CHILD_SUBREAPER SET_NO_NEW_PRIVS GET_NO_NEW_PRIVS', 35),
    ...counted('PR_', 'GET_TID_ADDRESS SET_THP_DISABLE GET_THP_DISABLE', 40),
    PR_CAP_AMBIENT: 47,
    PR_SET_VMA: 0x53564d41,
  },
  'PR_???',
)

/** These take one value, which alone is shown; the others that `set` something take all. */
const oneArgument: ReadonlySet<number> = new Set([
  ...[PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_SET_DUMPABLE, 8, PR_SET_NAME, PR_GET_NAME],
  ...[PR_CAPBSET_READ, PR_CAPBSET_DROP, 26, 28, PR_SET_TIMERSLACK],
])
const noArgument: ReadonlySet<number> = new Set([PR_GET_DUMPABLE, 7, 21, 27, 30])
const fills: ReadonlySet<number> = new Set([PR_GET_NAME, PR_GET_PDEATHSIG])

/** The first argument, where it is more than a word. */
const first: Readonly<Record<number, (call: TracedCall) => string>> = {
  [PR_SET_PDEATHSIG]: (call) => signalName(call.int32(1)),
  [PR_SET_DUMPABLE]: (call) => dumpableName(call.int32(1)),
  [PR_SET_NAME]: (call) => call.follow(1, showName),
  [PR_CAPBSET_READ]: (call) => capabilityName(call.uint32(1)),
  [PR_CAPBSET_DROP]: (call) => capabilityName(call.uint32(1)),
  [PR_SET_SECCOMP]: (call) => seccompModeName(call.int32(1)),
  [PR_SET_TIMERSLACK]: decimal,
  [PR_SET_CHILD_SUBREAPER]: decimal,
  [PR_SET_NO_NEW_PRIVS]: decimal,
  [PR_SET_THP_DISABLE]: decimal,
}

export const prctl = {
  prctl: {
    ...named(prctlName),
    note: (call, _index, result) => (call.int32(0) === PR_GET_DUMPABLE ? dumpableName(result) : undefined),
  },
  /** The second to the fifth. */
  prctlarg: {
    enter(call, index) {
      const option = call.int32(0)
      if (noArgument.has(option) || (index > 1 && oneArgument.has(option))) return HIDDEN
      if (option === PR_SET_SECCOMP && index > 1) return seccompArgument(call, index)
      if (fills.has(option)) return undefined
      return index === 1 && option in first ? first[option](call) : call.hex(index)
    },
    leave(call, index) {
      if (index > 1) return ''
      switch (call.int32(0)) {
        case PR_GET_NAME:
          return call.follow(index, (at, memory) => quoteString(memory, at, call.limit))
        case PR_GET_PDEATHSIG:
          return call.struct(index, 4, (view) => `[${signalOrNone(view.getInt32(0, true))}]`)
        default:
          return ''
      }
    },
  },
} satisfies Kinds

/** Only a filter has one. */
function seccompArgument(call: TracedCall, index: number): string {
  return index === 2 && call.int32(1) === SECCOMP_MODE_FILTER ? showProgram(call, index) : HIDDEN
}

function decimal(call: TracedCall): string {
  return String(call.raw(1))
}

function signalOrNone(signal: number): string {
  return signal === 0 ? '0' : signalName(signal)
}

/** comm: 15 bytes, and a mark if there are more. */
function showName(address: number, memory: UserMemory): string {
  const bytes = Buffer.from(memory.readCString(address, NAME_LIMIT), 'latin1')
  return bytes.length > COMM_LENGTH ? `${quote(bytes.subarray(0, COMM_LENGTH))}...` : quote(bytes)
}
