// msgctl(2).

import {CAP_SYS_RESOURCE} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSGINFO_BYTES,
  MSGMAX,
  MSGMNB,
  MSGMNI,
  MSQID_DS_BYTES,
} from '../../abi/ipc.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {encodeInts, encodeIpcDs, ownObject, statTarget} from '../ipc/ipc-control.ts'
import type {MessageQueue, MessageQueues} from '../ipc/message-queue.ts'

const STATS = {byIndex: MSG_STAT, byIndexAny: MSG_STAT_ANY}
const QBYTES = 88
const LSPID = 96
/** Numbers that Linux reports and does not use: linux/msg.h. */
const MSGSSZ = 16
const MSGSEG = 0xffff
const MSGSEG_AT = 28

export const msgctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(1)
  const address = args.address(2)
  const {messages} = task.kernel.ipc
  if (id < 0 || command < 0) throw new Errno(EINVAL)
  const stat = statTarget(task, messages.table, id, command, STATS)
  if (stat !== undefined) {
    task.memory.writeBytes(address, encodeQueue(stat.object))
    return stat.result
  }
  switch (command) {
    case IPC_INFO:
    case MSG_INFO:
      task.memory.writeBytes(address, encodeInfo(messages, command === MSG_INFO))
      return messages.table.highestIndex
    case IPC_SET: {
      const bytes = task.memory.readBytes(address, MSQID_DS_BYTES)
      return change(task, ownObject(task, messages.table, id), bytes)
    }
    case IPC_RMID:
      messages.remove(ownObject(task, messages.table, id))
      return 0
    default:
      throw new Errno(EINVAL)
  }
}

function change(task: Task, queue: MessageQueue, bytes: Uint8Array): number {
  const maxBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(QBYTES, true))
  if (maxBytes > MSGMNB) requireCapability(task.credentials, CAP_SYS_RESOURCE)
  queue.permission.update(bytes)
  queue.maxBytes = maxBytes
  queue.changedAt = task.kernel.vfs.clock.now().seconds
  // There may be room now, or permission may be gone.
  queue.changed.wakeAll()
  return 0
}

function encodeQueue(queue: MessageQueue): Uint8Array {
  const bytes = encodeIpcDs(queue, MSQID_DS_BYTES, {
    48: queue.sentAt,
    56: queue.receivedAt,
    64: queue.changedAt,
    72: queue.bytes,
    80: queue.count,
    [QBYTES]: queue.maxBytes,
  })
  const view = new DataView(bytes.buffer)
  view.setInt32(LSPID, queue.lastSender, true)
  view.setInt32(LSPID + 4, queue.lastReceiver, true)
  return bytes
}

/** struct msginfo: pool, map, max, mnb, mni, ssz, tql, seg. MSG_INFO: queues for pool, messages for map, bytes for tql. */
function encodeInfo({table, total}: MessageQueues, isUse: boolean): Uint8Array {
  const [pool, map, tql] = isUse
    ? [table.count, total.messages, total.bytes]
    : [(MSGMNI * MSGMNB) / 1024, MSGMNB, MSGMNB]
  const bytes = encodeInts(MSGINFO_BYTES, [pool, map, MSGMAX, MSGMNB, MSGMNI, MSGSSZ, tql])
  new DataView(bytes.buffer).setUint16(MSGSEG_AT, MSGSEG, true)
  return bytes
}
