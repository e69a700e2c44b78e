// execve(2), execveat(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {E2BIG, EAGAIN, EFAULT, EINVAL, ELOOP, ENOENT, ENOMEM, Errno} from '../../abi/errno.ts'
import {S_IFLNK} from '../../abi/file-mode.ts'
import {ElfError} from '../../elf/elf-error.ts'
import {HvError} from '../../errors.ts'
import {ARGUMENT_BYTES_MAX, STRING_LIMIT} from '../../loader/stack.ts'
import {REGISTERS_SET, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {executeProgram} from '../exec/execute.ts'
import {closeExecutable, type Executable, openExecutable} from '../exec/open-executable.ts'
import {locate, pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

const POINTER_BYTES = 8

export const execve: Syscall = (task, args) =>
  execute(task, AT_FDCWD, args.address(0), args.address(1), args.address(2), 0)

export const execveat: Syscall = (task, args) => {
  const flags = args.int32(4)
  if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) throw new Errno(EINVAL)
  return execute(task, args.int32(0), args.address(1), args.address(2), args.address(3), flags)
}

function execute(
  task: Task,
  dirfd: number,
  pathAddress: number,
  argvAddress: number,
  envpAddress: number,
  flags: number,
): number {
  const executable = withErrnos(() => open(task, dirfd, readPath(task, pathAddress), flags))
  try {
    // Only for a program that can be opened: a search along PATH tries many that cannot.
    const budget = {bytes: ARGUMENT_BYTES_MAX}
    const given = readStrings(task, argvAddress, budget)
    const envp = readStrings(task, envpAddress, budget)
    // An executed program has at least one argument.
    const argv = given.length === 0 ? [''] : given
    const shown = executable.script === undefined ? argv : [...executable.script, ...argv.slice(1)]
    withErrnos(() => executeProgram(task, executable, shown, envp))
  } finally {
    closeExecutable(executable)
  }
  return REGISTERS_SET
}

/** A NULL-terminated array of strings; NULL stands for an empty one. @throws Errno EFAULT, E2BIG */
function readStrings({memory}: Task, address: number, budget: {bytes: number}): string[] {
  const strings: string[] = []
  if (address === 0) return strings
  for (let at = address; ; at += POINTER_BYTES) {
    const pointer = memory.readUint64(at)
    if (pointer === 0) return strings
    const text = readArgument(memory, pointer)
    budget.bytes -= text.length + 1 + POINTER_BYTES
    if (budget.bytes < 0) throw new Errno(E2BIG)
    strings.push(text)
  }
}

function readArgument(memory: Task['memory'], pointer: number): string {
  try {
    return memory.readCString(pointer, STRING_LIMIT)
  } catch (error) {
    // There is no end within the longest string.
    throw error instanceof Errno && error.code !== EFAULT ? new Errno(E2BIG) : error
  }
}

function open(task: Task, dirfd: number, path: string, flags: number): Executable {
  const isFromDescriptor = path === '' || (dirfd !== AT_FDCWD && !path.startsWith('/'))
  const executable = openNamed(task, dirfd, path, flags)
  if (executable.script === undefined || !isFromDescriptor || !task.fds.closesOnExec(dirfd)) return executable
  // The interpreter would not find the script: the descriptor by which it would closes (BINPRM_FLAGS_PATH_INACCESSIBLE).
  closeExecutable(executable)
  throw new Errno(ENOENT)
}

function openNamed(task: Task, dirfd: number, path: string, flags: number): Executable {
  const context = pathContext(task)
  if (path === '') {
    if (!(flags & AT_EMPTY_PATH)) throw new Errno(ENOENT)
    task.fds.description(dirfd)
    return openExecutable(context, task.fs.root, `/dev/fd/${dirfd}`)
  }
  if (flags & AT_SYMLINK_NOFOLLOW && locate(task, dirfd, path, false).inode.kind === S_IFLNK)
    throw new Errno(ELOOP)
  const called = dirfd !== AT_FDCWD && !path.startsWith('/') ? `/dev/fd/${dirfd}/${path}` : path
  return openExecutable(context, startDirectory(task, dirfd, path), path, {called})
}

/** The loader and the platform refuse by errors that are for users, too: an ELF file says its errno. */
function withErrnos<Result>(action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof ElfError) throw new Errno(error.execErrno)
    if (!(error instanceof HvError)) throw error
    throw new Errno(error.code === 'PTRACE_UNUSABLE' ? EAGAIN : ENOMEM)
  }
}
