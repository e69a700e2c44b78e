// fcntl(2): F_SETOWN and the like, F_SETSIG, O_ASYNC, F_SETLEASE: who gets signals about a file.

import {CAP_LEASE, hasCapability} from '../../abi/capability.ts'
import {EACCES, EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK} from '../../abi/fcntl.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {NSIG} from '../../abi/signal.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {HostTerminalDescription} from '../../vfs/host-terminal.ts'
import {PipeDescription} from '../../vfs/pipe.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Task} from '../core/task.ts'
import {PtyMasterDescription} from '../tty/pty-master.ts'
import {PtySlaveDescription} from '../tty/pty-slave.ts'
import {F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID, SignalOwner} from './signal-owner.ts'

const INT_MIN = -(2 ** 31)

export function getOwner({owner}: OpenDescription): number {
  if (owner === undefined) return 0
  return owner.type === F_OWNER_PGRP ? -owner.id : owner.id
}

export function setOwner(task: Task, description: OpenDescription, who: number): number {
  if (who === INT_MIN) throw new Errno(EINVAL)
  return become(task, description, who < 0 ? F_OWNER_PGRP : F_OWNER_PID, Math.abs(who))
}

/** struct f_owner_ex: type and pid, both int32. */
export function getOwnerEx(task: Task, {owner}: OpenDescription, address: number): number {
  task.memory.writeInt32s(address, [owner?.type ?? F_OWNER_TID, owner?.id ?? 0])
  return 0
}

export function setOwnerEx(task: Task, description: OpenDescription, address: number): number {
  const type = task.memory.readInt32(address)
  const id = task.memory.readInt32(address + 4)
  if (type < F_OWNER_TID || type > F_OWNER_PGRP) throw new Errno(EINVAL)
  return become(task, description, type, id)
}

function become(task: Task, description: OpenDescription, type: number, id: number): number {
  const {processes, tasks} = task.kernel
  const isThere =
    type === F_OWNER_PGRP
      ? [...processes.values()].some(({job}) => job.group === id)
      : tasks.has(id) || processes.has(id)
  if (id !== 0 && !isThere) throw new Errno(ESRCH)
  ownerOf(task, description).become(type, id, task.credentials)
  return 0
}

export function setSignal(task: Task, description: OpenDescription, signal: number): number {
  if (signal < 0 || signal > NSIG) throw new Errno(EINVAL)
  ownerOf(task, description).signal = signal
  return 0
}

/** Linux supports O_ASYNC for pipes, terminals and sockets; elsewhere the flag is not kept. */
export function knowsAsync({file}: OpenDescription): boolean {
  return file instanceof PipeDescription || file.socket !== undefined || isTerminal(file)
}

export function setAsync(task: Task, description: OpenDescription, fd: number, isOn: boolean): void {
  const owner = ownerOf(task, description)
  if (isOn && owner.id === 0 && isTerminal(description.file)) ownByDefault(task, owner, description.file)
  if (isOn) owner.listen(description.file, fd)
  else owner.stopListening()
}

function isTerminal(file: FileDescription): boolean {
  return (
    file instanceof PtySlaveDescription ||
    file instanceof PtyMasterDescription ||
    file instanceof HostTerminalDescription
  )
}

/** Without an owner, Linux signals a terminal's foreground group, or the process that switched this on. */
function ownByDefault({process, credentials}: Task, owner: SignalOwner, file: FileDescription): void {
  const terminal = file instanceof PtySlaveDescription ? file.pty : process.job.terminal
  const group = file instanceof PtyMasterDescription ? 0 : (terminal?.foregroundGroupSeen ?? 0)
  owner.become(group === 0 ? F_OWNER_PID : F_OWNER_PGRP, group || process.pid, credentials)
}

export function setLease(task: Task, description: OpenDescription, fd: number, type: number): number {
  const {file} = description
  const who = task.credentials
  if (who.uid !== file.inode.attributes().uid && !hasCapability(who.capabilities, CAP_LEASE))
    throw new Errno(EACCES)
  if (file.inode.kind !== S_IFREG || ![F_RDLCK, F_WRLCK, F_UNLCK].includes(type)) throw new Errno(EINVAL)
  task.kernel.leases.set(description, fd, type, openedBy(task))
  const owner = ownerOf(task, description)
  if (owner.id === 0) owner.become(F_OWNER_PID, task.process.pid, who)
  return 0
}

function* openedBy({kernel}: Task): Iterable<OpenDescription> {
  for (const {fds} of kernel.tasks.values()) for (const [, description] of fds.entries()) yield description
}

function ownerOf({kernel}: Task, description: OpenDescription): SignalOwner {
  if (description.owner === undefined) {
    const owner = new SignalOwner(kernel)
    const {socket} = description.file
    description.owner = owner
    if (socket !== undefined) socket.owner = owner
    description.onLastClose(owner)
  }
  return description.owner
}
