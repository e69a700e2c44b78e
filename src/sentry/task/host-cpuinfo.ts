// The host's /proc/cpuinfo, also for a jailed sentry, which no longer has /proc.

import {closeSync, openSync, readSync} from 'node:fs'
import type {ByteString} from '../../vfs/file.ts'

/** More than one processor's paragraph takes. */
const BYTES = 1 << 14

let text: ByteString | undefined

/**
 * The paragraphs of the first processors. Call it while host files can be opened, the first time. A descriptor of procfs would lead out of a
 * jail, so none is kept.
 */
export function hostCpuinfo(): ByteString {
  text ??= read()
  return text
}

function read(): ByteString {
  let fd: number
  try {
    fd = openSync('/proc/cpuinfo', 'r')
  } catch {
    // It is not mounted.
    return 'processor\t: 0\n\n'
  }
  try {
    const bytes = Buffer.alloc(BYTES)
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, BYTES, 0))
  } finally {
    closeSync(fd)
  }
}
