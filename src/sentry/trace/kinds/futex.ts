// Kinds of futex(2): the operation determines which other arguments it takes.

import {FUTEX_CLOCK_REALTIME, FUTEX_PRIVATE_FLAG} from '../../../abi/futex.ts'
import {HIDDEN, type Kinds, named} from '../kind.ts'
import {counted, enumeration, hexOf} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'
import {times} from './time.ts'

const OPERATION = 1
const futexNames = counted(
  'FUTEX_',
  'WAIT WAKE FD REQUEUE CMP_REQUEUE WAKE_OP LOCK_PI UNLOCK_PI TRYLOCK_PI WAIT_BITSET WAKE_BITSET ' +
    'WAIT_REQUEUE_PI CMP_REQUEUE_PI LOCK_PI2',
)
const {
  FUTEX_WAIT,
  FUTEX_REQUEUE,
  FUTEX_CMP_REQUEUE,
  FUTEX_WAKE_OP,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE,
} = futexNames
const MATCH_ANY = 0xffffffff

const operationName = enumeration(futexNames, 'FUTEX_???')

/** FUTEX_WAKE_OP's packed word: man 2 futex. */
const wakeOperation = enumeration(counted('FUTEX_OP_', 'SET ADD OR ANDN XOR'), 'FUTEX_OP_???')
const wakeComparison = enumeration(counted('FUTEX_OP_CMP_', 'EQ NE LT LE GT GE'), 'FUTEX_OP_CMP_???')

const waits: ReadonlySet<number> = new Set([FUTEX_WAIT, FUTEX_WAIT_BITSET])
const moves: ReadonlySet<number> = new Set([FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP])
const masked: ReadonlySet<number> = new Set([FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET])

export const futex = {
  futexop: named(showOperation),
  /** A time-out, or how many to requeue. */
  futextimeout: {
    enter(call, index) {
      const operation = operationOf(call)
      if (moves.has(operation)) return String(call.uint32(index))
      if (waits.has(operation)) return times.timespec.enter!(call, index)
      return operation === FUTEX_WAKE || operation === FUTEX_WAKE_BITSET ? HIDDEN : call.pointer(index)
    },
  },
  futexaddress2: {
    enter: (call, index) => (takesOnlyTimeout(operationOf(call)) ? HIDDEN : call.pointer(index)),
  },
  futexvalue3: {
    enter(call, index) {
      const operation = operationOf(call)
      const value = call.uint32(index)
      if (masked.has(operation)) return value === MATCH_ANY ? 'FUTEX_BITSET_MATCH_ANY' : hexOf(value)
      return takesOnlyTimeout(operation) || operation === FUTEX_REQUEUE
        ? HIDDEN
        : showComparison(operation, value)
    },
  },
} satisfies Kinds

/** CMP_REQUEUE's expected value; the packed word of WAKE_OP. */
function showComparison(operation: number, value: number): string {
  if (operation === FUTEX_CMP_REQUEUE) return String(value)
  if (operation !== FUTEX_WAKE_OP) return hexOf(value)
  const [shift, op, comparison] = [value >>> 31, (value >>> 28) & 7, (value >>> 24) & 0xf]
  const [operand, compared] = [(value >>> 12) & 0xfff, value & 0xfff]
  const opText = `${shift === 0 ? '' : 'FUTEX_OP_OPARG_SHIFT<<28|'}${wakeOperation(op)}<<28`
  return `${opText}|${hexOf(operand)}<<12|${wakeComparison(comparison)}<<24|${hexOf(compared)}`
}

function operationOf(call: TracedCall): number {
  return call.int32(OPERATION) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
}

function takesOnlyTimeout(operation: number): boolean {
  return waits.has(operation) || operation === FUTEX_WAKE || operation === FUTEX_WAKE_BITSET
}

function showOperation(value: number): string {
  const name = operationName(value & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
  if (!name.startsWith('FUTEX')) return operationName(value)
  const suffix = value & FUTEX_PRIVATE_FLAG ? '_PRIVATE' : ''
  return `${name}${suffix}${value & FUTEX_CLOCK_REALTIME ? '|FUTEX_CLOCK_REALTIME' : ''}`
}
