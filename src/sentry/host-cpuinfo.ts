// The host's /proc/cpuinfo, also for a sentry in a jail, which has no /proc any more.

import {openSync, readSync} from 'node:fs'
import type {ByteString} from '../vfs/file.ts'

/** More than one processor takes. */
const BYTES = 1 << 14

/** undefined: not opened yet; null: /proc is not mounted. */
let fd: number | null | undefined

/** While the host's files can be opened. */
export function openCpuinfo(): void {
  if (fd !== undefined) return
  try {
    fd = openSync('/proc/cpuinfo', 'r')
  } catch {
    fd = null
  }
}

/** The first processors of it. */
export function hostCpuinfo(): ByteString {
  openCpuinfo()
  if (fd == null) return 'processor\t: 0\n\n'
  const bytes = Buffer.alloc(BYTES)
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, BYTES, 0))
}
