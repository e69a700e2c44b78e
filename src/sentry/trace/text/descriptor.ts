// Descriptors as strace writes them: a number, and with -y what it leads to.

import {fdText, locationText} from '../../../vfs/fs/proc-fds.ts'
import type {TracedCall} from '../traced-call.ts'
import {quote} from './quote.ts'

/** `3`, or `3</etc/passwd>`: as in /proc/self/fd. */
export function descriptor(call: TracedCall, fd: number): string {
  const {fds, fs} = call.task
  const open = call.showsPaths ? fds.find(fd) : undefined
  if (open === undefined) return String(fd)
  return `${fd}${pointed(fdText(open, fs.root))}`
}

/** `AT_FDCWD`, or `AT_FDCWD</tmp>`. */
export function workingDirectory(call: TracedCall): string {
  const {cwd, root} = call.task.fs
  return call.showsPaths ? `AT_FDCWD${pointed(locationText(cwd, root))}` : 'AT_FDCWD'
}

/** A path may hold any byte: the character that ends it is escaped, too. */
function pointed(path: string): string {
  const escaped = quote(Buffer.from(path, 'latin1')).slice(1, -1)
  return `<${escaped.replaceAll('<', '\\74').replaceAll('>', '\\76')}>`
}
