// attributeChanges: the attributes that a machine sets on a file: the same bits in 9P's Tsetattr and FUSE's SETATTR.

import {EFBIG, EINVAL, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {FileClock} from '../../vfs/clock.ts'
import type {AttributeChanges, Time} from '../../vfs/file.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'

const [MODE, UID, GID, SIZE, ATIME, MTIME] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20]
const [ATIME_NOW, MTIME_NOW] = [0x80, 0x100]
const NS_PER_SECOND = 1e9

/** The fields of a request; those that are not to be set mean nothing. */
export interface WantedAttributes {
  /** The bits of what is to be set. */
  readonly valid: number
  /** The bits of times to set to the present: FUSE has these, and 9P has their opposites. */
  readonly now: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly atime: Time
  readonly mtime: Time
}

/** @throws Errno EFBIG, EINVAL */
export function attributeChanges(wanted: WantedAttributes): AttributeChanges {
  const {valid, mode, uid, gid, size} = wanted
  if (valid & SIZE && size > MAX_OFFSET) throw new Errno(EFBIG)
  const atime = timeOf(valid & ATIME, wanted.now & ATIME_NOW, wanted.atime)
  const mtime = timeOf(valid & MTIME, wanted.now & MTIME_NOW, wanted.mtime)
  return {
    ...(valid & SIZE && {size}),
    ...(valid & UID && {uid}),
    ...(valid & GID && {gid}),
    ...(valid & MODE && {mode: mode & PERMISSION_BITS}),
    ...(atime && {atime}),
    ...(mtime && {mtime}),
  }
}

/** Shares are the host's, in its time. */
const clock = new FileClock(nativeHost.clock)

function timeOf(isWanted: number, isNow: number, time: Time): Time | undefined {
  if (!isWanted || isNow) return isWanted ? clock.now() : undefined
  if (time.nanoseconds >= NS_PER_SECOND) throw new Errno(EINVAL)
  return time
}
