// descriptorPath: what an open descriptor of this process leads to, according to /proc.

import {readlinkSync} from 'node:fs'

/**
 * Without links, as when it was opened, or as renamed since.
 * @param encoding `latin1`: a byte string
 * @returns undefined: /proc is not mounted, or a jail shuts it out
 */
export function descriptorPath(fd: number, encoding: 'latin1' | 'utf8'): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, encoding)
  } catch {
    return undefined
  }
}
