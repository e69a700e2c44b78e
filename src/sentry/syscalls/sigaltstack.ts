// sigaltstack(2).

import {arch} from '../../arch/index.ts'
import type {Syscall} from '../core/syscall.ts'
import type {StackDescription} from '../signals/alternate-stack.ts'

// stack_t: a pointer, an int with padding, a size.
const STACK_BYTES = 24
const FLAGS = 8
const SIZE = 16

export const sigaltstack: Syscall = (task, args) => {
  const newStack = args.address(0)
  const oldStack = args.address(1)
  const stackPointer = arch.stackPointer(task.context.readRegisters())
  const {alternateStack} = task.signals
  const old = alternateStack.describe(stackPointer)
  if (newStack !== 0) {
    alternateStack.set(decode(task.memory.readBytes(newStack, STACK_BYTES)), stackPointer)
  }
  if (oldStack !== 0) task.memory.writeBytes(oldStack, encode(old))
  return 0
}

function decode(bytes: Uint8Array): StackDescription {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    sp: Number(view.getBigUint64(0, true)),
    flags: view.getUint32(FLAGS, true),
    size: Number(view.getBigUint64(SIZE, true)),
  }
}

function encode(stack: StackDescription): Uint8Array {
  const bytes = new Uint8Array(STACK_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(stack.sp), true)
  view.setUint32(FLAGS, stack.flags, true)
  view.setBigUint64(SIZE, BigInt(stack.size), true)
  return bytes
}
