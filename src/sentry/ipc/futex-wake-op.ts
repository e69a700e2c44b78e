// FUTEX_WAKE_OP's third argument: an operation on the second word and a comparison with what it held: futex(2).

import {ENOSYS, Errno} from '../../abi/errno.ts'

export interface WakeOp {
  readonly operation: number
  readonly operand: number
  readonly comparison: number
  readonly comparand: number
}

const OPARG_SHIFT = 8

/** @throws Errno ENOSYS for an unknown operation or comparison */
export function decodeWakeOp(encoded: number): WakeOp {
  const operation = (encoded >>> 28) & 0xf
  const comparison = (encoded >>> 24) & 0xf
  // Both operands are signed 12-bit numbers.
  const operand = (encoded << 8) >> 20
  const comparand = (encoded << 20) >> 20
  const plain = operation & ~OPARG_SHIFT
  if (plain >= operations.length || comparison >= comparisons.length) throw new Errno(ENOSYS)
  return {
    operation: plain,
    operand: operation & OPARG_SHIFT ? 1 << (operand & 31) : operand,
    comparison,
    comparand,
  }
}

export function applyWakeOp({operation, operand}: WakeOp, old: number): number {
  return operations[operation](old, operand)
}

export function wakeOpHolds({comparison, comparand}: WakeOp, old: number): boolean {
  return comparisons[comparison](old, comparand)
}

// FUTEX_OP_SET, ADD, OR, ANDN, XOR.
const operations: ReadonlyArray<(old: number, operand: number) => number> = [
  (_, operand) => operand,
  (old, operand) => (old + operand) | 0,
  (old, operand) => old | operand,
  (old, operand) => old & ~operand,
  (old, operand) => old ^ operand,
]

// FUTEX_OP_CMP_EQ, NE, LT, LE, GT, GE.
const comparisons: ReadonlyArray<(old: number, comparand: number) => boolean> = [
  (old, comparand) => old === comparand,
  (old, comparand) => old !== comparand,
  (old, comparand) => old < comparand,
  (old, comparand) => old <= comparand,
  (old, comparand) => old > comparand,
  (old, comparand) => old >= comparand,
]
