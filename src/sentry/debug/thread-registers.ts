// A task's registers as one block of bytes, in the order of a layout for gdb.

import {Errno} from '../../abi/errno.ts'
import {type DebugState, readInteger, writeInteger} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import {arm64Layout} from '../../gdb/arm64.ts'
import type {RegisterLayout} from '../../gdb/register-layout.ts'
import {x86Layout} from '../../gdb/x86-64.ts'
import type {Task} from '../core/task.ts'
import {stateOf} from './task-state.ts'

const LAYOUTS = {x86_64: x86Layout, arm64: () => arm64Layout} as const

/** The layout for a program on this processor. @param fp any FP state of the platform */
export function layoutFor(fp: Uint8Array): RegisterLayout {
  return LAYOUTS[arch.name](arch.debug.hasWideVectors(fp))
}

export function pack(layout: RegisterLayout, state: DebugState): Uint8Array {
  const bytes = new Uint8Array(layout.bytes)
  for (const {name, offset, bytes: length} of layout.registers)
    writeInteger(bytes.subarray(offset, offset + length), arch.debug.registers[name].read(state))
  return bytes
}

/** @returns whether the processor accepted all of it; otherwise nothing has changed */
export function unpack(layout: RegisterLayout, bytes: Uint8Array, task: Task): boolean {
  const before = stateOf(task)
  const state = {general: before.general.slice(), fp: before.fp.slice()}
  for (const {name, offset, bytes: length} of layout.registers) {
    const register = arch.debug.registers[name]
    const value = readInteger(bytes.subarray(offset, offset + length))
    // A written register counts as in use from then on, so only changed ones are written.
    if (value !== register.read(before)) register.write(state, value)
  }
  try {
    if (Buffer.compare(state.fp, before.fp) !== 0) task.context.writeFpState(state.fp)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return false
  }
  task.context.writeRegisters(state.general)
  return true
}
