// xpledge(kinds): call 10000 of github.com/skeeto/ptrace-examples: from now on, a process may make only a few calls.

import {EPERM, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'

const XPLEDGE_RDWR = 1 << 0
const XPLEDGE_OPEN = 1 << 1

const ALWAYS = ['brk', 'mmap', 'munmap', 'close', 'exit', 'exit_group']
const RDWR = ['read', 'pread64', 'readv', 'preadv', 'write', 'pwrite64', 'writev', 'pwritev']
/** arm64 has no open(2), for which C libraries call openat(2) everywhere. */
const OPEN = ['open', 'openat']

/** The call forbids itself, so kinds are never widened. */
export const xpledge: Syscall = ({process}, args) => {
  const kinds = args.int32(0)
  const left = new Set(ALWAYS)
  if (kinds & XPLEDGE_RDWR) for (const name of RDWR) left.add(name)
  if (kinds & XPLEDGE_OPEN) for (const name of OPEN) left.add(name)
  process.syscalls = process.syscalls.replace((run, row) =>
    row !== undefined && left.has(row.name) ? run : deny,
  )
  return 0
}

/** Also for numbers that no call has. */
const deny: Syscall = () => {
  throw new Errno(EPERM)
}
