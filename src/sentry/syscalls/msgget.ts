// msgget(2).

import type {Syscall} from '../core/syscall.ts'
import {IpcPermission} from '../ipc/permission.ts'

export const msgget: Syscall = (task, args) => {
  const key = args.int32(0)
  const flags = args.int32(1)
  const {messages} = task.kernel.ipc
  return messages.table.open(
    {
      key,
      flags,
      fits: () => {},
      create: () => messages.create(new IpcPermission(key, flags, task.credentials)),
    },
    task.credentials,
  )
}
