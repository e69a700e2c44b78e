// fileError: what a sandbox's owner is told when an operation on the guest's tree fails.

import {badArgument, HvError, printable} from '../../../errors.ts'
import {GuestErrno} from './remote-files.ts'

const MEANINGS: Readonly<Record<string, readonly [meaning: string, nextStep: string]>> = {
  EACCES: ['the guest may not', 'look at the modes of it and of the directories above it'],
  EBUSY: ['something is mounted there', 'name what is in it'],
  EEXIST: ['it is there already', 'remove it first'],
  EFBIG: ['it is too large', ''],
  EIO: ['it changed while it was read', 'try again, or stop the program that writes it'],
  EISDIR: ['it is a directory', 'name a file'],
  EINVAL: ['it does not go there', 'check the path'],
  ELOOP: ['a link leads nowhere or is not followed here', 'name what it leads to'],
  EMFILE: ['too many files are open', 'read and write fewer at a time'],
  ENAMETOOLONG: ['its name or its path is too long', ''],
  ENOENT: ['it is not there', 'check the path'],
  ENOMEM: ['the memory for it is full', 'raise `memoryBytes`'],
  ENOSPC: ['there is no space left', 'raise `memoryBytes`, or remove something'],
  ENOTDIR: ['it, or what is above it, is no directory', 'check the path'],
  ENOTEMPTY: ['it is not empty', 'say `recursive`'],
  ENXIO: ['it is no regular file', 'name one'],
  EOVERFLOW: ['there is too much in it', 'take its parts'],
  EPERM: ['the guest may not', 'leave it as it is'],
  EROFS: ['it is read-only', 'make the volume `writable`'],
  ETXTBSY: ['a program runs it', 'write another file and rename it'],
  EXDEV: ['it cannot be moved there', 'write it there and remove it here'],
}

/** @param doing `read /etc/passwd` @returns what to throw instead of `error` */
export function fileError(doing: string, error: unknown): unknown {
  if (!(error instanceof GuestErrno)) return error
  const {errno} = error
  const [meaning, nextStep] = MEANINGS[errno] ?? ['', '']
  const why = meaning === '' ? errno : `${meaning} (${errno})`
  return new HvError('FILE_FAILED', `cannot ${printable(doing)}: ${why}`, nextStep, {errno})
}

export function badArchive(
  defect: string,
  nextStep = 'give a tar archive that is whole, not compressed, and of files',
): HvError {
  return badArgument(`the archive cannot be used: ${printable(defect)}`, nextStep)
}

/** @throws HvError FILE_FAILED instead of a GuestErrno */
export async function saying<Result>(doing: string, does: () => Promise<Result>): Promise<Result> {
  try {
    return await does()
  } catch (error) {
    throw fileError(doing, error)
  }
}
