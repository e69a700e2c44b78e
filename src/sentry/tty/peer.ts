// A terminal's place in the tree; and TIOCGPTPEER, which opens a master's slave even if the caller sees no /dev/pts. man 2 ioctl_tty.

import {EIO, ENOTTY, Errno} from '../../abi/errno.ts'
import {minorOf} from '../../abi/file-mode.ts'
import {O_ACCMODE, O_CLOEXEC, O_NOCTTY, O_NONBLOCK} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {HostTerminalDescription} from '../../vfs/host-terminal.ts'
import type {Location, Mount} from '../../vfs/location.ts'
import {allMounts, childLocation} from '../../vfs/mount-tree.ts'
import type {Task} from '../core/task.ts'
import {PtyMasterDescription} from './pty-master.ts'
import {PtySlaveDescription} from './pty-slave.ts'

/** @returns its descriptor. @throws Errno EIO, ENOTTY */
export function openPeer(task: Task, master: FileDescription, flags: number): number {
  const isTerminal = master instanceof PtySlaveDescription || master instanceof HostTerminalDescription
  if (!(master instanceof PtyMasterDescription)) throw new Errno(isTerminal ? EIO : ENOTTY)
  const location = terminalLocation(task.kernel.rootMount, master.pty.rdev)
  if (location === undefined) throw new Errno(EIO)
  const file = location.inode.open(flags & (O_ACCMODE | O_NONBLOCK | O_NOCTTY))
  file.flags &= ~O_NOCTTY
  return task.fds.install(file, flags & O_CLOEXEC, location)
}

/** Where a terminal's node is; undefined: the tree has no devpts. @throws Errno ENOENT: the node is gone */
export function terminalLocation(root: Mount, rdev: number): Location | undefined {
  for (const {fs, top} of allMounts(root)) {
    if (fs.type !== 'devpts') continue
    const name = String(minorOf(rdev))
    return childLocation(top, name, fs.root.lookup(name))
  }
  return undefined
}
