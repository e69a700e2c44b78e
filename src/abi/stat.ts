// stat(2), statx(2), statfs(2): structures in the kernel's layouts.

import {majorOf, minorOf} from './file-mode.ts'
import type {Timespec} from './time.ts'
import {setInt64} from './word.ts'

/** What stat(2) reports. */
export interface StatFields {
  dev: number
  ino: number
  /** File type (S_IFMT) and permission bits. */
  mode: number
  nlink: number
  uid: number
  gid: number
  rdev: number
  size: number
  /** Allocated blocks, in units of 512 bytes. */
  blocks: number
  blksize: number
  atime: Timespec
  mtime: Timespec
  ctime: Timespec
  btime: Timespec
}

/** struct stat: sizeof, and the offsets of fields that differ between architectures. */
export interface StatLayout {
  readonly size: number
  /** 32 bits, or 64 with zeros above. */
  readonly nlink: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
}

/** st_size. */
export const STAT_LENGTH = 48

/** Fills all layout.size bytes of `view`. */
export function encodeStat(view: DataView, stat: StatFields, layout: StatLayout): void {
  for (let offset = 0; offset < layout.size; offset += 4) view.setUint32(offset, 0, true)
  setInt64(view, 0, stat.dev)
  setInt64(view, 8, stat.ino)
  view.setUint32(layout.nlink, stat.nlink, true)
  view.setUint32(layout.mode, stat.mode, true)
  view.setUint32(layout.uid, stat.uid, true)
  view.setUint32(layout.gid, stat.gid, true)
  setInt64(view, layout.rdev, stat.rdev)
  setInt64(view, STAT_LENGTH, stat.size)
  // 32 bits and padding, or 64.
  setInt64(view, 56, stat.blksize)
  setInt64(view, 64, stat.blocks)
  setTime(view, 72, stat.atime)
  setTime(view, 88, stat.mtime)
  setTime(view, 104, stat.ctime)
}

/** statx(2): STATX_BASIC_STATS | STATX_BTIME, and the bit that must be clear. */
export const STATX_BASIC_STATS = 0x7ff
export const STATX_BTIME = 0x800
export const STATX_MNT_ID = 0x1000
export const STATX_MNT_ID_UNIQUE = 0x4000
export const STATX_ATTR_AUTOMOUNT = 0x1000
export const STATX_ATTR_MOUNT_ROOT = 0x2000
export const STATX_ATTR_DAX = 0x20_0000
export const STATX__RESERVED = 0x80000000
/** sizeof(struct statx). */
export const STATX_SIZE = 256

/** What statx(2) reports about the mount: its number, and the mask bit for it, one of two. */
export interface StatxMount {
  id: number
  idBit: number
  isRoot: boolean
}

/** Fills all STATX_SIZE bytes of `view`; the mask is STATX_BASIC_STATS | STATX_BTIME and the mount's bit. */
export function encodeStatx(view: DataView, stat: StatFields, mount: StatxMount): void {
  for (let offset = 0; offset < STATX_SIZE; offset += 4) view.setUint32(offset, 0, true)
  view.setUint32(0, STATX_BASIC_STATS | STATX_BTIME | mount.idBit, true)
  view.setUint32(4, stat.blksize, true)
  setInt64(view, 8, mount.isRoot ? STATX_ATTR_MOUNT_ROOT : 0)
  view.setUint32(16, stat.nlink, true)
  view.setUint32(20, stat.uid, true)
  view.setUint32(24, stat.gid, true)
  view.setUint16(28, stat.mode, true)
  setInt64(view, 32, stat.ino)
  setInt64(view, 40, stat.size)
  setInt64(view, 48, stat.blocks)
  setInt64(view, 56, STATX_ATTR_AUTOMOUNT | STATX_ATTR_MOUNT_ROOT | STATX_ATTR_DAX)
  setTime32(view, 64, stat.atime)
  setTime32(view, 80, stat.btime)
  setTime32(view, 96, stat.ctime)
  setTime32(view, 112, stat.mtime)
  view.setUint32(128, majorOf(stat.rdev), true)
  view.setUint32(132, minorOf(stat.rdev), true)
  view.setUint32(136, majorOf(stat.dev), true)
  view.setUint32(140, minorOf(stat.dev), true)
  setInt64(view, 144, mount.id)
}

/** sizeof(struct statfs) on 64-bit machines. */
export const STATFS_SIZE = 120
export const ST_RDONLY = 1
export const ST_NOSUID = 2
export const ST_RELATIME = 0x1000
/** f_flags is filled in. */
export const ST_VALID = 0x20

/** What statfs(2) reports, sizes in blocks of `bsize` bytes. */
export interface StatfsFields {
  magic: number
  bsize: number
  blocks: number
  bfree: number
  bavail: number
  files: number
  ffree: number
  namelen: number
}

/** Fills all STATFS_SIZE bytes of `view`; `dev` becomes f_fsid, `flags` are ST_*. */
export function encodeStatfs(view: DataView, statfs: StatfsFields, dev: number, flags: number): void {
  const {magic, bsize, blocks, bfree, bavail, files, ffree, namelen} = statfs
  const words = [
    magic >>> 0,
    bsize,
    blocks,
    bfree,
    bavail,
    files,
    ffree,
    dev,
    namelen,
    bsize,
    flags | ST_VALID,
  ]
  for (let i = 0; i < STATFS_SIZE / 8; i++) setInt64(view, i * 8, words[i] ?? 0)
}

function setTime(view: DataView, offset: number, time: Timespec): void {
  setInt64(view, offset, time.seconds)
  setInt64(view, offset + 8, time.nanoseconds)
}

/** struct statx_timestamp. */
function setTime32(view: DataView, offset: number, time: Timespec): void {
  setInt64(view, offset, time.seconds)
  view.setUint32(offset + 8, time.nanoseconds, true)
  view.setUint32(offset + 12, 0, true)
}
