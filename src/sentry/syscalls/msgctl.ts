// msgctl(2).

import {CAP_SYS_RESOURCE} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {
  IPC_INFO,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSGMAX,
  MSGMNB,
  MSGMNI,
  MSQID_DS_BYTES,
} from '../../abi/ipc.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import {controlObject, encodeIpcDs, type IpcKind} from '../ipc/ipc-control.ts'
import type {MessageQueue, MessageQueues} from '../ipc/message-queue.ts'

const QBYTES = 88
const LSPID = 96
/** Numbers that Linux reports and does not use: linux/msg.h. */
const MSGSSZ = 16
const MSGSEG = 0xffff

export const msgctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(1)
  const address = args.address(2)
  const {messages} = task.kernel.ipc
  if (id < 0) throw new Errno(EINVAL)
  const result = controlObject(task, messages, kind, [id, command, address])
  if (result !== undefined) return result
  if (command !== IPC_INFO && command !== MSG_INFO) throw new Errno(EINVAL)
  task.memory.writeBytes(address, encodeInfo(messages, command === MSG_INFO))
  return messages.highestIndex
}

const kind: IpcKind<MessageQueue> = {
  ...{statByIndex: MSG_STAT, statAny: MSG_STAT_ANY, setBytes: MSQID_DS_BYTES},
  encode(queue) {
    const {sentAt, receivedAt, changedAt, bytes, count, maxBytes, lastSender, lastReceiver} = queue
    const longs = {48: sentAt, 56: receivedAt, 64: changedAt, 72: bytes, 80: count, [QBYTES]: maxBytes}
    return encodeIpcDs(queue, MSQID_DS_BYTES, longs, {[LSPID]: lastSender, [LSPID + 4]: lastReceiver})
  },
  change(task, queue, bytes) {
    const maxBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(QBYTES, true))
    if (maxBytes > MSGMNB) requireCapability(task.credentials, CAP_SYS_RESOURCE)
    queue.permission.update(bytes)
    queue.maxBytes = maxBytes
    // There may be room now, or permission may be gone.
    queue.changed.wakeAll()
  },
}

/** struct msginfo: pool, map, max, mnb, mni, ssz, tql, seg. MSG_INFO: queues for pool, messages for map, bytes for tql. */
function encodeInfo(queues: MessageQueues, isUse: boolean): Uint8Array {
  const {messages, bytes} = queues.total
  const [pool, map, tql] = isUse
    ? [queues.count, messages, bytes]
    : [(MSGMNI * MSGMNB) / 1024, MSGMNB, MSGMNB]
  // The last one, an unsigned short, has padding after it.
  return new Uint8Array(Int32Array.of(pool, map, MSGMAX, MSGMNB, MSGMNI, MSGSSZ, tql, MSGSEG).buffer)
}
