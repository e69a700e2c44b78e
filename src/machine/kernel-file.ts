// Reads a file for a kernel's machine, whole: it is an allegation that goes into guest memory.

import {readFileSync, statSync} from 'node:fs'
import {HvError} from '../errors.ts'

/** Larger than any kernel, and an initrd of a whole system. */
const MAX_BYTES = 2 ** 30

/** @param what for the message. @throws HvError NOT_FOUND, BAD_KERNEL */
export function readKernelFile(path: string, what: string): Uint8Array {
  try {
    const stat = statSync(path)
    if (!stat.isFile())
      throw new HvError('BAD_KERNEL', `${path} is no regular file`, `name the ${what}'s file`)
    if (stat.size > MAX_BYTES) {
      throw new HvError(
        'BAD_KERNEL',
        `${path} has ${stat.size} bytes, more than a ${what} may have`,
        'give another',
      )
    }
    return readFileSync(path)
  } catch (error) {
    if (error instanceof HvError) throw error
    const reason = (error as NodeJS.ErrnoException).code
    const code = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'NOT_FOUND' : 'BAD_KERNEL'
    throw new HvError(code, `the ${what} ${path} cannot be read (${reason})`, 'name a file of this host', {
      cause: error,
    })
  }
}
