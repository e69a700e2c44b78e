// A host file as an ElfReader.

import {fstatSync, readSync} from 'node:fs'
import type {ElfReader} from './image.ts'

/** Reads through `fd`, which stays the caller's. @throws the system error of fstat(2) or pread(2) */
export function fileReader(fd: number): ElfReader {
  return {
    size: fstatSync(fd).size,
    read: (offset, length) =>
      readUpTo(length, (rest, done) => readSync(fd, rest, 0, rest.length, offset + done)),
  }
}

/** Up to `length` bytes: fewer when there are no more. @param read fills its argument, `done` bytes on, and says how many bytes it found */
export function readUpTo(length: number, read: (rest: Uint8Array, done: number) => number): Uint8Array {
  const bytes = new Uint8Array(length)
  let done = 0
  for (let count = 1; count > 0 && done < length; done += count) count = read(bytes.subarray(done), done)
  return bytes.subarray(0, done)
}
