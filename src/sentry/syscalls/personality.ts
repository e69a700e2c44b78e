// personality(2): kept and reported. Of the flags, STICKY_TIMEOUTS acts (time/time-argument.ts), ADDR_NO_RANDOMIZE (exec/exec.ts), and of the domains PER_LINUX32 (uname.ts).

import type {Syscall} from '../core/syscall.ts'

const QUERY = 0xffff_ffff

export const personality: Syscall = (task, args) => {
  const wanted = args.uint32(0)
  const old = task.process.attributes.personality
  if (wanted !== QUERY) task.process.attributes.personality = wanted
  return old
}
