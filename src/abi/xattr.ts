// Extended attributes: xattr(7), linux/xattr.h, linux/limits.h; file capabilities: linux/capability.h, struct vfs_cap_data.

import {ALL_CAPABILITIES, intersection} from './capability.ts'

export const XATTR_CREATE = 1
export const XATTR_REPLACE = 2

export const XATTR_NAME_MAX = 255
export const XATTR_SIZE_MAX = 65_536
export const XATTR_LIST_MAX = 65_536

export const XATTR_USER = 'user.'
export const XATTR_TRUSTED = 'trusted.'
export const XATTR_SECURITY = 'security.'
export const XATTR_CAPABILITY = 'security.capability'

/** Of a capability attribute's first word. */
export const VFS_CAP_FLAGS_EFFECTIVE = 1
const VFS_CAP_REVISION_MASK = 0xff00_0000 | 0
/** Bytes by revision: one set of 32 bits, two, and two with the id of a user namespace's root. */
const VFS_CAP_BYTES: Readonly<Record<number, number>> = {
  16777216: 12,
  33554432: 20,
  50331648: 24,
}

/** What the attribute says; sets as of capability.ts. */
export interface FileCapabilities {
  readonly permitted: number
  readonly inheritable: number
  readonly isEffective: boolean
  /** The root of the namespace that it counts in. */
  readonly root: number
}

/** @returns undefined: it is none */
export function parseFileCapabilities(value: Uint8Array): FileCapabilities | undefined {
  if (value.length < 4) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const magic = view.getInt32(0, true)
  const length = VFS_CAP_BYTES[magic & VFS_CAP_REVISION_MASK]
  if (value.length !== length) return undefined
  const word = (offset: number): number => (offset + 4 <= length ? view.getUint32(offset, true) : 0)
  const hasHigh = length > 12
  return {
    permitted: intersection(word(4) + (hasHigh ? word(12) : 0) * 2 ** 32, ALL_CAPABILITIES),
    inheritable: intersection(word(8) + (hasHigh ? word(16) : 0) * 2 ** 32, ALL_CAPABILITIES),
    isEffective: (magic & VFS_CAP_FLAGS_EFFECTIVE) !== 0,
    root: length > 20 ? word(20) : 0,
  }
}
