// close(2).

import {BLOCKED, type Syscall} from '../core/syscall.ts'
import {continuation} from '../core/wait.ts'
import type {Socket} from '../net/socket.ts'

const NS_PER_SECOND = 1e9

export const close: Syscall = (task, args) => {
  const fd = args.int32(0)
  const {socket} = task.fds.get(fd)
  task.fds.remove(fd)
  if (!socket?.isLingering) return 0
  const seconds = socket.options.lingerSeconds!
  const deadlineNs =
    seconds < 0 ? Number.POSITIVE_INFINITY : task.kernel.monotonicNs() + seconds * NS_PER_SECOND
  return task.block({queues: [socket.waiters], deadlineNs, restart: 'never', next, progress: socket})
}

/** The descriptor is gone: whatever ends the wait, the call succeeds. sk_stream_wait_close in Linux. */
const next = continuation<Socket>({
  name: 'close',
  resume: (_task, socket, expired) => (socket.isLingering && !expired ? BLOCKED : 0),
  settled: () => 0,
})
