// descriptorPath: what an open descriptor of this process leads to, by /proc.

import {readlinkSync} from 'node:fs'

/**
 * Without links, as it was when it was opened or has been moved to since.
 * @param encoding `latin1`: a byte string
 * @returns undefined: /proc is not mounted, or shut out by a jail
 */
export function descriptorPath(fd: number, encoding: 'latin1' | 'utf8'): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, encoding)
  } catch {
    return undefined
  }
}
