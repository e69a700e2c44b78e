// Host file calls with Errno: the one place that turns a negative number from the addon into what the guest gets.

import {EMFILE, ENFILE, Errno} from '../abi/errno.ts'
import {makeDev} from '../abi/file-mode.ts'
import type {Attributes} from './file.ts'

/** @throws Errno for a negative result */
export function check(result: number): number {
  if (result >= 0) return result
  // The host ran out of descriptors, not the guest.
  throw new Errno(result === -EMFILE ? ENFILE : -result)
}

/** The indices of hostStat's Float64Array. */
export const STAT_FIELDS = 21
export const STAT_MODE = 0
export const STAT_UID = 2
export const STAT_SIZE = 4
export const STAT_INO = 7
export const STAT_DEV_MAJOR = 8
export const STAT_DEV_MINOR = 9
/** Seconds, followed by nanoseconds. */
export const STAT_CHANGED = 16
/** 1: a file system of the host's kernel is mounted here, which no guest sees. */
export const STAT_IS_KERNEL = 20

/** What hostStat filled in, with `dev` as the guest sees it. */
export function attributesFrom(stat: Float64Array, dev: number): Attributes {
  return {
    dev,
    ino: stat[STAT_INO],
    mode: stat[STAT_MODE],
    nlink: stat[1],
    uid: stat[2],
    gid: stat[3],
    rdev: makeDev(stat[10], stat[11]),
    size: stat[4],
    blocks: stat[5],
    blksize: stat[6],
    atime: {seconds: stat[12], nanoseconds: stat[13]},
    mtime: {seconds: stat[14], nanoseconds: stat[15]},
    ctime: {seconds: stat[16], nanoseconds: stat[17]},
    btime: {seconds: stat[18], nanoseconds: stat[19]},
  }
}

/** Turns a host path or name from the user into the bytes that the kernel sees. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
