// capget(2), capset(2).

import {
  ALL_CAPABILITIES,
  CAP_SETPCAP,
  hasCapability,
  intersection,
  isSubset,
  union,
  VERSION_1,
} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {taskOf} from '../task/process-argument.ts'

const VERSION_2 = 0x20071026
const VERSION_3 = 0x20080522

const TWO_32 = 2 ** 32
/** struct __user_cap_data_struct: effective, permitted, inheritable. */
const WORDS = 3

export const capget: Syscall = (task, args) => {
  const header = args.address(0)
  const data = args.address(1)
  const halves = halfCount(task, header, data)
  if (halves === 0) return 0
  const pid = task.memory.readInt32(header + 4)
  if (pid < 0) throw new Errno(EINVAL)
  const target = taskOf(task, pid)
  if (data === 0) return 0
  const {capabilities, permitted, inheritable} = target.credentials
  const sets = [capabilities, permitted, inheritable]
  const words = [...sets.map((set) => set | 0), ...sets.map((set) => Math.floor(set / TWO_32) | 0)]
  task.memory.writeInt32s(data, words.slice(0, halves * WORDS))
  return 0
}

export const capset: Syscall = (task, args) => {
  const header = args.address(0)
  const data = args.address(1)
  const halves = halfCount(task, header, 1)
  const pid = task.memory.readInt32(header + 4)
  if (pid !== 0 && pid !== task.tid) throw new Errno(EPERM)
  const [effective, permitted, inheritable] = [0, 1, 2].map((set) => {
    const low = task.memory.readUint32(data + 4 * set)
    const high = halves === 2 ? task.memory.readUint32(data + 4 * (set + WORDS)) : 0
    // Capabilities that Linux does not know are ignored.
    return intersection(high * TWO_32 + low, ALL_CAPABILITIES)
  })

  const old = task.credentials
  const mayInherit = hasCapability(old.capabilities, CAP_SETPCAP) ? old.bounding : old.permitted
  const isAllowed =
    isSubset(inheritable, union(old.inheritable, mayInherit)) &&
    isSubset(inheritable, union(old.inheritable, old.bounding)) &&
    isSubset(permitted, old.permitted) &&
    isSubset(effective, permitted)
  if (!isAllowed) throw new Errno(EPERM)
  const ambient = intersection(old.ambient, intersection(permitted, inheritable))
  task.credentials = {...old, capabilities: effective, permitted, inheritable, ambient}
  return 0
}

/**
 * How many 32-bit halves each set has in the header's version; 0 after a probe, which asks for the version with a null `data`.
 * @throws Errno EINVAL after storing the version to use
 */
function halfCount(task: Task, header: number, data: number): number {
  const version = task.memory.readUint32(header)
  if (version === VERSION_1) return 1
  if (version === VERSION_2 || version === VERSION_3) return 2
  task.memory.writeUint32(header, VERSION_3)
  if (data !== 0) throw new Errno(EINVAL)
  return 0
}
