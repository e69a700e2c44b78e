// Kinds of signals, their sets and their actions.

import {SIGINFO_BYTES} from '../../../abi/siginfo.ts'
import * as signal from '../../../abi/signal.ts'
import {SIGNAL_SET_BYTES, SignalSet} from '../../../abi/signal-set.ts'
import {type Kinds, named, structIn, structOut} from '../kind.ts'
import {signalName, signalSet} from '../names/signals.ts'
import {enumeration, flagWord, hex, pick} from '../text/number.ts'
import {showSiginfo} from '../text/siginfo.ts'
import {hex64, pointer64, uint64} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

/** struct kernel_sigaction of x86_64: handler, flags, restorer, mask. */
const ACTION_SIZE = 32
const STACK_SIZE = 24
const SIGEVENT_SIZE = 64
const SIGEV_THREAD_ID = 4

const actionFlags = flagWord(
  pick(
    signal,
    'SA_RESTORER SA_ONSTACK SA_RESTART SA_NODEFER SA_RESETHAND SA_SIGINFO SA_NOCLDSTOP SA_NOCLDWAIT SA_EXPOSE_TAGBITS',
  ),
  'SA_???',
)
const stackFlags = flagWord(pick(signal, 'SS_ONSTACK SS_DISABLE SS_AUTODISARM'), 'SS_???')

const siginfoBytes = (view: DataView): string =>
  showSiginfo(new Uint8Array(view.buffer, view.byteOffset, SIGINFO_BYTES))

export const signals = {
  sig: named((value) => (value === 0 ? '0' : signalName(value))),
  sigset: {enter: showSet},
  sigset_out: {leave: showSet},
  sighow: named(enumeration(pick(signal, 'SIG_BLOCK SIG_UNBLOCK SIG_SETMASK'), 'SIG_???')),
  sigaction: structIn(ACTION_SIZE, showAction),
  sigaction_out: structOut(ACTION_SIZE, showAction),
  siginfo: structIn(SIGINFO_BYTES, siginfoBytes),
  siginfo_out: structOut(SIGINFO_BYTES, siginfoBytes),
  stack: structIn(STACK_SIZE, showStack),
  stack_out: structOut(STACK_SIZE, showStack),
  sigevent: structIn(SIGEVENT_SIZE, showEvent),
  /** rt_sigreturn(2) takes no argument: shows what it restored, whatever the registers hold now. */
  sigreturn: {leave: restoredMask, failed: restoredMask},
} satisfies Kinds

function restoredMask(call: TracedCall): string {
  return `{mask=${signalSet(call.task.signals.mask)}}`
}

/** The call's size argument says whether it is a set at all. */
function showSet(call: TracedCall, index: number): string {
  const size = call.words.indexOf('size', index)
  if (size > 0 && call.address(size) !== SIGNAL_SET_BYTES) return call.pointer(index)
  return call.follow(index, (address, memory) =>
    signalSet(SignalSet.fromBytes(memory.readBytes(address, SIGNAL_SET_BYTES))),
  )
}

function showAction(view: DataView): string {
  const handler = view.getBigUint64(0, true)
  const isNamed = handler === BigInt(signal.SIG_DFL) || handler === BigInt(signal.SIG_IGN)
  const handlerText = isNamed ? (handler === BigInt(signal.SIG_DFL) ? 'SIG_DFL' : 'SIG_IGN') : hex64(view, 0)
  const mask = SignalSet.fromBytes(new Uint8Array(view.buffer, view.byteOffset, ACTION_SIZE), 24)
  const high = view.getUint32(12, true)
  const flags = actionFlags(view.getInt32(8, true)) + (high === 0 ? '' : `|${hex(0, high)}`)
  const restorer = flags.includes('SA_RESTORER') ? `, sa_restorer=${pointer64(view, 16)}` : ''
  return `{sa_handler=${handlerText}, sa_mask=${signalSet(mask)}, sa_flags=${flags}${restorer}}`
}

function showStack(view: DataView): string {
  const flags = stackFlags(view.getInt32(8, true))
  return `{ss_sp=${pointer64(view, 0)}, ss_flags=${flags}, ss_size=${uint64(view, 16)}}`
}

/** timer_create(2)'s struct sigevent: value, signo, notify, thread. */
function showEvent(view: DataView): string {
  const notify = view.getInt32(12, true)
  const names: Record<number, string> = {
    0: 'SIGEV_SIGNAL',
    1: 'SIGEV_NONE',
    2: 'SIGEV_THREAD',
    4: 'SIGEV_THREAD_ID',
  }
  const isZero = view.getBigUint64(0, true) === 0n
  const value = `sigev_value={sival_int=${view.getInt32(0, true)}, sival_ptr=${pointer64(view, 0)}}, `
  const thread = notify === SIGEV_THREAD_ID ? `, sigev_notify_thread_id=${view.getInt32(16, true)}` : ''
  return (
    `{${isZero ? '' : value}sigev_signo=${signalName(view.getInt32(8, true))}, ` +
    `sigev_notify=${names[notify] ?? notify}${thread}}`
  )
}
