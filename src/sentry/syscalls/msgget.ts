// msgget(2).

import type {Syscall} from '../core/syscall.ts'

export const msgget: Syscall = (task, args) => {
  const key = args.int32(0)
  const flags = args.int32(1)
  const {messages} = task.kernel.ipc
  return messages.open(task.credentials, key, flags, (permission) => messages.create(permission))
}
