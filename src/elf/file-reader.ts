// A host file as an ElfReader.

import {fstatSync, readSync} from 'node:fs'
import type {ElfReader} from './image.ts'

/** Reads through `fd`, which stays the caller's. @throws the system error of fstat(2) or pread(2) */
export function fileReader(fd: number): ElfReader {
  return {
    size: fstatSync(fd).size,
    read(offset, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const count = readSync(fd, bytes, done, length - done, offset + done)
        if (count === 0) break
        done += count
      }
      return bytes.subarray(0, done)
    },
  }
}
