// encodeMounts: the places of a program's tree that are mounts of their own in its machine: native/programs/machine_init.h.

import {badArgument} from '../../errors.ts'

const MOST_BYTES = 1 << 16

/** Paths are the tree's, and absolute. */
export interface TreeMounts {
  readonly volumes: readonly {guest: string; writable: boolean}[]
  readonly tmpfs?: readonly {guest: string}[]
  /** The tree itself. */
  readonly readOnly?: boolean
}

/** @throws HvError BAD_ARGUMENT when they are too many */
export function encodeMounts({volumes, tmpfs = [], readOnly = false}: TreeMounts): Uint8Array {
  const writable = [...volumes.filter((each) => each.writable), ...tmpfs].map(({guest}) => `w${guest}`)
  const others = volumes.filter((each) => !each.writable).map(({guest}) => `r${guest}`)
  const depth = (text: string): number => text.split('/').filter(Boolean).length
  const places = [...writable, ...others].sort((one, other) => depth(one) - depth(other))
  // Last: places that are mounted from it later would take over its flag.
  if (readOnly) places.push('r/')
  const bytes = Buffer.from(places.map((text) => `${text}\0`).join(''))
  if (bytes.length <= MOST_BYTES) return bytes
  throw badArgument('the volumes are too many for a machine', 'give fewer, or shorter paths')
}
