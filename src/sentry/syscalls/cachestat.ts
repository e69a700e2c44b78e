// cachestat(2): how much of a file is in memory. All of it is, in the sentry's or the host's; only the host knows what is dirty.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Inode} from '../../vfs/file.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile} from '../fd/descriptor-argument.ts'

/** struct cachestat: nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted; 64 bits each. */
const FIELDS = 5
const BLOCK_BYTES = 512

export const cachestat: Syscall = (task, args) => {
  const {inode} = openFile(task, args.int32(0))
  const range = new DataView(task.memory.readBytes(args.address(1), 16).slice().buffer)
  if (args.uint32(3) !== 0) throw new Errno(EINVAL)

  const offset = range.getBigUint64(0, true)
  const length = range.getBigUint64(8, true)
  // As in Linux, a sum of 2^64 or more wraps.
  const end = length === 0n ? Number.POSITIVE_INFINITY : Number(BigInt.asUintN(64, offset + length))
  const counts = new BigUint64Array(FIELDS)
  counts[0] = BigInt(pagesWithin(inode, Number(offset), end))
  task.memory.writeBytes(args.address(2), new Uint8Array(counts.buffer))
  return 0
}

/** For a sparse file, no more than it has blocks: their places are not looked up. */
function pagesWithin(inode: Inode, offset: number, end: number): number {
  if (inode.kind !== S_IFREG) return 0
  const {size, blocks} = inode.attributes()
  const pages = Math.ceil(Math.min(size, end) / PAGE_SIZE) - Math.floor(offset / PAGE_SIZE)
  return Math.max(0, Math.min(pages, Math.ceil((blocks * BLOCK_BYTES) / PAGE_SIZE)))
}
