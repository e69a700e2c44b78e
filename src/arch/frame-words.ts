// Words of a signal frame that are the same on every architecture: addresses, stack_t (asm-generic/signal.h).

import type {StackWords} from './architecture.ts'

const STACK_FLAGS = 8
const STACK_SIZE = 16

export function roundDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment
}

export function setAddress(view: DataView, offset: number, value: number | bigint): void {
  view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true)
}

/** Above 2^53 it is rounded, and so outside every range. */
export function getAddress(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true))
}

export function setStack(view: DataView, offset: number, stack: StackWords): void {
  setAddress(view, offset, stack.sp)
  view.setUint32(offset + STACK_FLAGS, stack.flags, true)
  setAddress(view, offset + STACK_SIZE, stack.size)
}

export function getStack(view: DataView, offset: number): StackWords {
  return {
    sp: getAddress(view, offset),
    flags: view.getUint32(offset + STACK_FLAGS, true),
    size: getAddress(view, offset + STACK_SIZE),
  }
}
