// ioctl(2): requests that hold for any descriptor, and ioctl_ficlone(2); the file handles the rest.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, ENOTTY, EOPNOTSUPP, Errno, EXDEV} from '../../abi/errno.ts'
import {S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import * as abi from '../../abi/ioctl.ts'
import {O_APPEND, O_ASYNC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {MustWait} from '../../vfs/must-wait.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {openFile, requireRegular} from '../fd/descriptor-argument.ts'
import {getOwner, knowsAsync, setAsync, setOwner} from '../fd/fcntl-owner.ts'
import {openPeer} from '../tty/peer.ts'

/** The unit of st_blocks. */
const BLOCK = 512
const RETRY_NS = 10_000_000
/** struct file_clone_range. */
const FILE_CLONE_RANGE_BYTES = 32
const {openFlags} = arch.kernelAbi

export const ioctl: Syscall = (task, args) => {
  const fd = args.int32(0)
  const request = args.uint32(1)
  const argument = args.address(2)
  const file = openFile(task, fd)
  switch (request) {
    case abi.FIOCLEX:
      task.fds.setCloseOnExec(fd, true)
      return 0
    case abi.FIONCLEX:
      task.fds.setCloseOnExec(fd, false)
      return 0
    case abi.FIONBIO:
      if (task.memory.readInt32(argument) === 0) file.flags &= ~O_NONBLOCK
      else file.flags |= O_NONBLOCK
      return 0
    case abi.FIOASYNC:
      return switchAsync(task, fd, task.memory.readInt32(argument) !== 0)
    case abi.FIOSETOWN:
    case abi.SIOCSPGRP:
      requireSocket(file)
      return setOwner(task, task.fds.description(fd), task.memory.readInt32(argument))
    case abi.FIOGETOWN:
    case abi.SIOCGPGRP:
      requireSocket(file)
      task.memory.writeInt32(argument, getOwner(task.fds.description(fd)))
      return 0
    case abi.FICLONE:
      return cloneFile(task, file, args.int32(2))
    case abi.FICLONERANGE:
      return cloneRange(task, file, argument)
    case abi.FIGETBSZ:
      task.memory.writeInt32(argument, file.inode.attributes().blksize)
      return 0
    case abi.FIOQSIZE:
      if (file.inode.kind !== S_IFREG && file.inode.kind !== S_IFDIR) throw new Errno(ENOTTY)
      task.memory.writeInt64(argument, file.inode.attributes().blocks * BLOCK)
      return 0
    case abi.FIONREAD:
      if (file.inode.kind !== S_IFREG) return file.ioctl(request, argument, task.memory.ioctl)
      task.memory.writeInt32(argument, (file.inode.attributes().size - file.position) | 0)
      return 0
    case abi.TIOCGPTPEER:
      return openPeer(task, file, openFlags(args.int32(2)))
    default:
      return ask(task, {file, request, argument})
  }
}

/** @throws Errno ENOTTY */
function requireSocket(file: FileDescription): void {
  if (file.socket === undefined) throw new Errno(ENOTTY)
}

/** @throws Errno ENOTTY when the file does not support O_ASYNC */
function switchAsync(task: Task, fd: number, isOn: boolean): number {
  const description = task.fds.description(fd)
  const {file} = description
  if (((file.flags & O_ASYNC) !== 0) === isOn) return 0
  if (!knowsAsync(description)) throw new Errno(ENOTTY)
  setAsync(task, description, fd, isOn)
  file.flags ^= O_ASYNC
  return 0
}

interface Asking {
  readonly file: FileDescription
  readonly request: number
  readonly argument: number
}

const asking = continuation<Asking>({name: 'ioctl', resume: ask})

/**
 * A request that would wait for the output to be sent throws EAGAIN, and is repeated after a while. One of a background job is
 * repeated after the signal that stops the job.
 */
function ask(task: Task, asked: Asking): number {
  const {file, request, argument} = asked
  try {
    return file.ioctl(request, argument, task.memory.ioctl)
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== EAGAIN) throw error
    const isStopped = error instanceof MustWait
    if (isStopped && task.wait?.progress === asked && task.wait.deadlineNs === undefined) return BLOCKED
    const deadlineNs = isStopped ? undefined : task.kernel.monotonicNs() + RETRY_NS
    return task.block({deadlineNs, restart: 'sa-restart', next: asking, progress: asked})
  }
}

/** FICLONE: no file system here shares blocks, which is checked last, as in Linux. The argument is the source. @throws Errno EBADF, EXDEV, EISDIR, EINVAL; in the end EOPNOTSUPP */
function cloneFile(task: Task, output: FileDescription, sourceFd: number): never {
  const input = openFile(task, sourceFd)
  if (input.inode.fs !== output.inode.fs) throw new Errno(EXDEV)
  requireRegular(input, output)
  const canCopy = opensForReading(input.flags) && opensForWriting(output.flags)
  throw new Errno(canCopy && !(output.flags & O_APPEND) ? EOPNOTSUPP : EBADF)
}

/** FICLONERANGE: struct file_clone_range starts with the source, 64 bits wide. */
function cloneRange(task: Task, output: FileDescription, address: number): never {
  const bytes = task.memory.readBytes(address, FILE_CLONE_RANGE_BYTES)
  return cloneFile(task, output, new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true))
}
