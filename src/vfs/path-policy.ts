// PathPolicy: decides where a path may lead, and for what purpose: unveil(2), pledges, or a recorder of them.

import type {ByteString} from './file.ts'
import type {Location} from './location.ts'
import type {Resolution} from './path-walk.ts'

/** The purposes of a path walk: a set of these. */
export type Intent = number
/** To open for reading, to list, to enter. */
export const READ: Intent = 1
export const WRITE: Intent = 2
export const EXECUTE: Intent = 4
/** To make, move or remove the name. */
export const CREATE: Intent = 8
/** To look at it: stat, readlink, access. */
export const INSPECT: Intent = 16
/** To change its mode, owner or times. */
export const ATTRIBUTES: Intent = 32
/** To make a device, a fifo or a socket of that name. */
export const DEVICE: Intent = 64
/** To connect or send to the socket of that name. */
export const CONNECT: Intent = 128

/** Each method throws the error that the call shall fail with. A walk ends with `reach` or `fail`. */
export interface PathPolicy {
  /** A name is about to be looked up in `directory` (also `..`). */
  enter(directory: Location): void
  /** The walk has ended here. */
  reach(end: Resolution, intent: Intent): void
  /** The walk fails, for whatever reason, in `directory`; `rest` (at least one name) was still to be walked. */
  fail(directory: Location, rest: ByteString, intent: Intent): void
}
