// msgsnd(2), msgrcv(2).

import {E2BIG, EAGAIN, EIDRM, EINVAL, ENOMSG, Errno} from '../../abi/errno.ts'
import {IPC_NOWAIT, MSG_COPY, MSG_EXCEPT, MSG_NOERROR, MSGMAX} from '../../abi/ipc.ts'
import {type Arguments, BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {attempt, continuation, type Wait} from '../core/wait.ts'
import type {Message, MessageQueue} from '../ipc/message-queue.ts'
import {MAY_READ, MAY_WRITE} from '../ipc/permission.ts'

/** struct msgbuf starts with the type, a long. */
const TYPE_BYTES = 8

export const msgsnd: Syscall = (task, args) => {
  const flags = args.int32(3)
  const message = readMessage(task, args)
  const queue = task.kernel.ipc.messages.get(args.int32(0))
  const progress = {queue, message}
  const wait: Wait<Sending> = {queues: [queue.changed], restart: 'never', next: sending, progress}
  return attempt(task, wait, flags & IPC_NOWAIT ? EAGAIN : undefined)
}

interface Sending {
  readonly queue: MessageQueue
  readonly message: Message
}

const sending = continuation<Sending>({name: 'msgsnd', resume: send})

function send({credentials, process}: Task, {queue, message}: Sending): number {
  if (queue.isRemoved) throw new Errno(EIDRM)
  queue.permission.require(credentials, MAY_WRITE)
  if (!queue.hasRoom(message.text.length)) return BLOCKED
  queue.send(message, process.pid)
  return 0
}

export const msgrcv: Syscall = (task, args) => {
  const address = args.address(1)
  const room = args.int64(2)
  const flags = args.int32(4)
  const id = args.int32(0)
  if (id < 0 || room < 0) throw new Errno(EINVAL)
  const type = signed(args.raw(3))
  if (flags & MSG_COPY && (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT))) throw new Errno(EINVAL)
  // Linux makes the copy's room from the caller's buffer.
  if (flags & MSG_COPY) task.memory.readBytes(address, Math.min(room, MSGMAX))
  const queue = task.kernel.ipc.messages.get(id)
  const progress = {queue, type, address, room, flags}
  const wait: Wait<Receiving> = {queues: [queue.changed], restart: 'never', next: receiving, progress}
  return attempt(task, wait, flags & IPC_NOWAIT ? ENOMSG : undefined)
}

interface Receiving {
  readonly queue: MessageQueue
  readonly type: bigint
  readonly address: number
  readonly room: number
  readonly flags: number
}

const receiving = continuation<Receiving>({name: 'msgrcv', resume: receive})

function receive(task: Task, {queue, type, address, room, flags}: Receiving): number {
  if (queue.isRemoved) throw new Errno(EIDRM)
  queue.permission.require(task.credentials, MAY_READ)
  const message = queue.find(type, flags)
  if (message === undefined) return BLOCKED
  if (message.text.length > room && !(flags & MSG_NOERROR)) throw new Errno(E2BIG)
  if (!(flags & MSG_COPY)) queue.take(message, task.process.pid)
  else if (message.text.length > room) throw new Errno(EINVAL)
  return store(task, message, address, room)
}

/** @throws Errno EFAULT, EINVAL */
function readMessage({memory}: Task, args: Arguments): Message {
  const address = args.address(1)
  const length = args.int64(2)
  const type = signed(memory.readBigUint64(address))
  if (length < 0 || length > MSGMAX || args.int32(0) < 0 || type < 1n) throw new Errno(EINVAL)
  return {type, text: memory.readBytes(address + TYPE_BYTES, length)}
}

/** As in Linux, the message is lost when the memory is bad. */
function store({memory}: Task, {type, text}: Message, address: number, room: number): number {
  const length = Math.min(text.length, room)
  memory.writeBigUint64(address, type)
  memory.writeBytes(address + TYPE_BYTES, text.subarray(0, length))
  return length
}

function signed(word: bigint): bigint {
  return BigInt.asIntN(64, word)
}
