// statfs(2), fstatfs(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {encodeStatfs, ST_NOSUID, ST_RDONLY, ST_RELATIME, STATFS_SIZE} from '../../abi/stat.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {descriptorTarget, locateTarget, type Target} from '../fd/path-argument.ts'

export const statfs: Syscall = (task, args) =>
  writeStatfs(task, locateTarget(task, AT_FDCWD, args.address(0), 0), args.address(1))

export const fstatfs: Syscall = (task, args) =>
  writeStatfs(task, descriptorTarget(task, args.int32(0)), args.address(1))

function writeStatfs(task: Task, {inode, mount}: Target, address: number): number {
  const {fs} = inode
  const readOnly = mount?.readOnly || fs.readOnly ? ST_RDONLY : 0
  const flags = ST_RELATIME | readOnly | (mount?.nosuid ? ST_NOSUID : 0)
  const buffer = new Uint8Array(STATFS_SIZE)
  encodeStatfs(new DataView(buffer.buffer), fs.statfs(), fs.dev, flags)
  task.memory.writeBytes(address, buffer)
  return 0
}
