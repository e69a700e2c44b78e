// capget(2), capset(2). A task has all capabilities (effective uid 0) or none.

import {EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import type {Task} from '../task.ts'
import type {Syscall} from './syscall.ts'

const VERSION_1 = 0x19980330
const VERSION_2 = 0x20071026
const VERSION_3 = 0x20080522

/** CAP_CHECKPOINT_RESTORE, the last one. */
export const LAST_CAPABILITY = 40
const LOW = 0xffff_ffff
const HIGH = 2 ** (LAST_CAPABILITY + 1 - 32) - 1

/** struct __user_cap_data_struct: effective, permitted, inheritable. */
const WORDS = 3

export const capget: Syscall = (task, args) => {
  const header = args.address(0)
  const data = args.address(1)
  const sets = setCount(task, header, data)
  if (sets === 0) return 0
  const pid = task.memory.readInt32(header + 4)
  if (pid < 0) throw new Errno(EINVAL)
  const target = pid === 0 ? task : task.kernel.tasks.get(pid)
  if (target === undefined) throw new Errno(ESRCH)
  if (data !== 0) task.memory.writeInt32s(data, capabilityWords(target).slice(0, sets * WORDS))
  return 0
}

/** Only what is held already can be set. */
export const capset: Syscall = (task, args) => {
  const header = args.address(0)
  const data = args.address(1)
  const sets = setCount(task, header, 1)
  const pid = task.memory.readInt32(header + 4)
  if (pid !== 0 && pid !== task.tid) throw new Errno(EPERM)
  const held = capabilityWords(task)
  for (let word = 0; word < sets * WORDS; word++) {
    if (task.memory.readUint32(data + 4 * word) !== held[word]) throw new Errno(EPERM)
  }
  return 0
}

function capabilityWords({credentials}: Task): number[] {
  if (!credentials.privileged) return [0, 0, 0, 0, 0, 0]
  return [LOW, LOW, 0, HIGH, HIGH, 0]
}

/**
 * How many words each set has in the header's version; 0 after a probe, which asks by a null `data` for the version.
 * @throws Errno EINVAL after storing the version to use
 */
function setCount(task: Task, header: number, data: number): number {
  const version = task.memory.readUint32(header)
  if (version === VERSION_1) return 1
  if (version === VERSION_2 || version === VERSION_3) return 2
  task.memory.writeUint32(header, VERSION_3)
  if (data !== 0) throw new Errno(EINVAL)
  return 0
}
