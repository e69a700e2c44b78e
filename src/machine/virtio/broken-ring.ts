// BrokenRing: what a driver did wrong in a ring; and the one way to the memory that a ring names.

import {HvError} from '../../errors.ts'
import type {ViewOfMemory} from './model.ts'

/** Ends the walk through a ring; the device needs a reset then. */
export class BrokenRing extends Error {}

/** @param alignment of the address, in bytes @throws BrokenRing when a byte is no memory */
export function viewOf(
  memory: ViewOfMemory,
  address: number,
  length: number,
  alignment = 1,
): Uint8Array<ArrayBuffer> {
  try {
    const view = memory.view(address, length)
    if (address % alignment === 0 && view.length === length) return view as Uint8Array<ArrayBuffer>
  } catch (error) {
    if (!(error instanceof HvError)) throw error
  }
  throw new BrokenRing(`${length} bytes at 0x${address.toString(16)}: no memory, or not aligned`)
}
