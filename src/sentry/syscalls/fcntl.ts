// fcntl(2).

import {SETFL_FLAGS} from '../../abi/at-flags.ts'
import {EBADF, EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import * as abi from '../../abi/fcntl.ts'
import {S_IFIFO} from '../../abi/file-mode.ts'
import {O_ASYNC, O_CLOEXEC, O_DIRECT, O_NOATIME} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import {takesDirect} from '../../vfs/open.ts'
import {ownsInode} from '../../vfs/permissions.ts'
import {mayExceed, type Pipe, PipeDescription} from '../../vfs/pipe.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {getLock, setLock} from '../fd/fcntl-locks.ts'
import {
  getOwner,
  getOwnerEx,
  knowsAsync,
  setAsync,
  setLease,
  setOwner,
  setOwnerEx,
  setSignal,
} from '../fd/fcntl-owner.ts'
import {addSeals, sealsOf} from '../memory/seals.ts'

const {openFlags} = arch.kernelAbi

export const fcntl: Syscall = (task, args) => {
  const fd = args.int32(0)
  const command = args.uint32(1)
  switch (command) {
    // O_PATH descriptors allow these.
    case abi.F_DUPFD:
      return task.fds.duplicate(task.fds.description(fd), 0, args.int32(2))
    case abi.F_DUPFD_CLOEXEC:
      return task.fds.duplicate(task.fds.description(fd), O_CLOEXEC, args.int32(2))
    case abi.F_DUPFD_QUERY:
      return task.fds.description(fd) === task.fds.description(args.int32(2)) ? 1 : 0
    case abi.F_GETFD:
      task.fds.description(fd)
      return task.fds.closesOnExec(fd) ? abi.FD_CLOEXEC : 0
    case abi.F_SETFD:
      task.fds.setCloseOnExec(fd, (args.uint32(2) & abi.FD_CLOEXEC) !== 0)
      return 0
    case abi.F_GETFL:
      return openFlags(task.fds.get(fd).flags)
    case abi.F_SETFL:
      return setStatusFlags(task, openDescription(task, fd), fd, openFlags(args.int32(2)))

    case abi.F_GETLK:
    case abi.F_OFD_GETLK:
      return getLock(task, fd, command, args.address(2))
    case abi.F_SETLK:
    case abi.F_SETLKW:
    case abi.F_OFD_SETLK:
    case abi.F_OFD_SETLKW:
      return setLock(task, fd, command, args.address(2))

    case abi.F_GETPIPE_SZ:
      return pipeOf(openFile(task, fd)).capacity
    case abi.F_SETPIPE_SZ:
      return pipeOf(openFile(task, fd)).resize(args.int32(2), mayExceed(task.credentials))

    case abi.F_GET_SEALS:
      return sealsOf(openFile(task, fd).inode)
    case abi.F_ADD_SEALS:
      addSeals(openFile(task, fd), args.uint32(2), task.kernel.processes.values())
      return 0

    case abi.F_GETOWN:
      return getOwner(openDescription(task, fd))
    case abi.F_SETOWN:
      return setOwner(task, openDescription(task, fd), args.int32(2))
    case abi.F_GETOWN_EX:
      return getOwnerEx(task, openDescription(task, fd), args.address(2))
    case abi.F_SETOWN_EX:
      return setOwnerEx(task, openDescription(task, fd), args.address(2))
    case abi.F_GETSIG:
      return openDescription(task, fd).owner?.signal ?? 0
    case abi.F_SETSIG:
      return setSignal(task, openDescription(task, fd), args.int32(2))
    case abi.F_GETLEASE:
      return task.kernel.leases.typeOf(openDescription(task, fd))
    case abi.F_SETLEASE:
      return setLease(task, openDescription(task, fd), fd, args.int32(2))
    default:
      openFile(task, fd)
      throw new Errno(EINVAL)
  }
}

/** @throws Errno EBADF, for O_PATH too */
function openDescription(task: Task, fd: number): OpenDescription {
  openFile(task, fd)
  return task.fds.description(fd)
}

function setStatusFlags(task: Task, description: OpenDescription, fd: number, flags: number): number {
  const {file} = description
  if (flags & O_NOATIME && !(file.flags & O_NOATIME)) {
    if (!ownsInode(task.credentials, file.inode.attributes().uid)) throw new Errno(EPERM)
  }
  if (flags & O_DIRECT && !mayBecomeDirect(file.inode)) throw new Errno(EINVAL)
  const settable = knowsAsync(description) ? SETFL_FLAGS : SETFL_FLAGS & ~O_ASYNC
  if ((flags ^ file.flags) & settable & O_ASYNC) setAsync(task, description, fd, (flags & O_ASYNC) !== 0)
  file.flags = (file.flags & ~settable) | (flags & settable)
  return 0
}

/** A pipe makes packets of writes with O_DIRECT; a memfd takes it only from open(2). */
function mayBecomeDirect(inode: Inode): boolean {
  return inode.kind === S_IFIFO || (takesDirect(inode) && !(inode instanceof Memfd))
}

/** @throws Errno EBADF when it is not a pipe */
function pipeOf(file: FileDescription): Pipe {
  if (!(file instanceof PipeDescription)) throw new Errno(EBADF)
  return file.pipe
}
