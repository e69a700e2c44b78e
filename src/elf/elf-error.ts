// ElfError: why a file cannot be run, for the user in one line and for execve(2) as an errno.

import {HvError} from '../errors.ts'

export class ElfError extends HvError {
  /** What execve(2) answers for this file: ENOEXEC, EINVAL, ENOMEM, EPERM. */
  readonly errno: number

  /** @param defect what is wrong with the file, without its name and without a full stop */
  constructor(
    code: 'BAD_ELF' | 'NOT_EXECUTABLE',
    errno: number,
    path: string,
    defect: string,
    nextStep: string,
  ) {
    super(code, `${printable(path)}: ${defect}`, nextStep)
    this.errno = errno
  }
}

/** File names and interpreter paths are bytes of the guest's: shown on one line, without terminal controls. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

export const hex = (value: number): string => `0x${value.toString(16)}`
