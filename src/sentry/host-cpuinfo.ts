// The host's /proc/cpuinfo, also for a jailed sentry, which no longer has /proc.

import {openSync, readSync} from 'node:fs'
import type {ByteString} from '../vfs/file.ts'

/** More than one processor's paragraph takes. */
const BYTES = 1 << 14

/** undefined: not opened yet; null: /proc is not mounted. */
let fd: number | null | undefined

/** Call while host files can be opened. */
export function openCpuinfo(): void {
  if (fd !== undefined) return
  try {
    fd = openSync('/proc/cpuinfo', 'r')
  } catch {
    fd = null
  }
}

/** The paragraphs of the first processors. */
export function hostCpuinfo(): ByteString {
  openCpuinfo()
  if (fd == null) return 'processor\t: 0\n\n'
  const bytes = Buffer.alloc(BYTES)
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, BYTES, 0))
}
