// requirePosition: pread(2) and pwrite(2) of what is no file.

import {Errno, ESPIPE} from '../../abi/errno.ts'

/** @throws Errno ESPIPE */
export function requirePosition(position: number | undefined): void {
  if (position !== undefined) throw new Errno(ESPIPE)
}
