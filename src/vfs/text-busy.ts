// Text busy: a file open for writing cannot be executed, nor an executed one written: ETXTBSY of execve(2), open(2), truncate(2).

import {opensForWriting} from '../abi/access-mode.ts'
import {Errno, ETXTBSY} from '../abi/errno.ts'
import {S_IFREG} from '../abi/file-mode.ts'
import type {FileDescription, Inode} from './file.ts'

/** @throws Errno ETXTBSY */
export function requireNotWritten({textUse = 0}: Inode): void {
  if (textUse > 0) throw new Errno(ETXTBSY)
}

/** @throws Errno ETXTBSY */
export function requireNotExecuted({textUse = 0}: Inode): void {
  if (textUse < 0) throw new Errno(ETXTBSY)
}

/** `change` more (or fewer) programs execute it. */
export function countExecuted(inode: Inode, change: number): void {
  inode.textUse = (inode.textUse ?? 0) - change
}

/** Does the same for a file description, if it writes. */
export function countWritten({inode, flags}: FileDescription, change: number): void {
  if (inode.kind === S_IFREG && opensForWriting(flags)) inode.textUse = (inode.textUse ?? 0) + change
}
