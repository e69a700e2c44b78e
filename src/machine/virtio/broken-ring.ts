// BrokenRing: what a driver did wrong in a ring; and the only way to the memory that a ring names.

import {orUndefined} from '../../errors.ts'
import type {ViewOfMemory} from './model.ts'

type View = Uint8Array<ArrayBuffer>

/** Ends the walk through a ring; the device needs a reset then. */
export class BrokenRing extends Error {}

/** For a driver's structure, in one piece. @param alignment of the address, in bytes @throws BrokenRing when a byte is no memory */
export function viewOf(memory: ViewOfMemory, address: number, length: number, alignment: number): View {
  if (address % alignment === 0) {
    const view = orUndefined(() => memory.view(address, length))
    if (view?.length === length) return view as View
  }
  throw noMemory(address, length)
}

/** A buffer, which may span adjacent slots. @throws BrokenRing when a byte is no memory */
export function viewsOf(memory: ViewOfMemory, address: number, length: number): readonly Uint8Array[] {
  const views = orUndefined(() => memory.views(address, length))
  // All are empty once the memory is gone.
  if (views?.every((view) => view.length > 0)) return views
  throw noMemory(address, length)
}

const noMemory = (address: number, length: number): BrokenRing =>
  new BrokenRing(`${length} bytes at 0x${address.toString(16)}: no memory, or not aligned`)
