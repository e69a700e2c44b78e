// What an access mode allows: O_RDONLY, O_WRONLY, O_RDWR, and 3, which allows neither reading nor writing (man 2 open).

import {O_ACCMODE} from './open-flags.ts'

/** Whether a file opened with these flags can be read. */
export function opensForReading(flags: number): boolean {
  return (((flags & O_ACCMODE) + 1) & 1) !== 0
}

export function opensForWriting(flags: number): boolean {
  return (((flags & O_ACCMODE) + 1) & 2) !== 0
}
