// ElfError: why a file cannot be run, for the user in one line and for execve(2) as an errno.

import {HvError, printable} from '../errors.ts'

export class ElfError extends HvError {
  /** What execve(2) answers for this file: ENOEXEC, EINVAL, ENOMEM, EPERM; ELIBBAD for an interpreter. */
  execErrno: number
  /** Its interpreter (PT_INTERP), when the only defect is that there is nothing to load. */
  readonly interp?: string

  /** @param defect what is wrong with the file, without its name and without a full stop */
  constructor(
    code: 'BAD_ELF' | 'NOT_EXECUTABLE',
    errno: number,
    path: string,
    defect: string,
    nextStep: string,
    interp?: string,
  ) {
    super(code, `${printable(path)}: ${defect}`, nextStep)
    this.execErrno = errno
    this.interp = interp
  }
}

export const hex = (value: number): string => `0x${value.toString(16)}`
