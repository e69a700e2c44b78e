// msgsnd(2), msgrcv(2).

import {E2BIG, EAGAIN, EIDRM, EINVAL, ENOMSG, Errno} from '../../abi/errno.ts'
import {IPC_NOWAIT, MSG_COPY, MSG_EXCEPT, MSG_NOERROR, MSGMAX} from '../../abi/ipc.ts'
import {type Arguments, BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import type {Message, MessageQueue, Selector} from '../ipc/message-queue.ts'
import {MAY_READ, MAY_WRITE} from '../ipc/permission.ts'

/** struct msgbuf starts with the type, a long. */
const TYPE_BYTES = 8
const LONG_MAX = 2n ** 63n - 1n

export const msgsnd: Syscall = (task, args) => {
  const flags = args.int32(3)
  const message = readMessage(task, args)
  const queue = task.kernel.ipc.messages.get(args.int32(0))
  const progress = {queue, message}
  const result = send(task, progress)
  if (result !== BLOCKED) return result
  if (flags & IPC_NOWAIT) throw new Errno(EAGAIN)
  return task.block({queues: [queue.changed], restart: 'never', next: sending, progress})
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
  const selector = selectorOf(signed(args.raw(3)), flags)
  // Linux makes the copy's room from the caller's buffer.
  if (flags & MSG_COPY) task.memory.readBytes(address, Math.min(room, MSGMAX))
  const queue = task.kernel.ipc.messages.get(id)
  const progress = {queue, selector, address, room, flags}
  const result = receive(task, progress)
  if (result !== BLOCKED) return result
  if (flags & IPC_NOWAIT) throw new Errno(ENOMSG)
  return task.block({queues: [queue.changed], restart: 'never', next: receiving, progress})
}

interface Receiving {
  readonly queue: MessageQueue
  readonly selector: Selector
  readonly address: number
  readonly room: number
  readonly flags: number
}

const receiving = continuation<Receiving>({name: 'msgrcv', resume: receive})

function receive(task: Task, {queue, selector, address, room, flags}: Receiving): number {
  if (queue.isRemoved) throw new Errno(EIDRM)
  queue.permission.require(task.credentials, MAY_READ)
  const message = queue.find(selector)
  if (message === undefined) return BLOCKED
  if (message.text.length > room && !(flags & MSG_NOERROR)) throw new Errno(E2BIG)
  if (selector.kind !== 'number') queue.take(message, task.process.pid)
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

/** @throws Errno EINVAL */
function selectorOf(type: bigint, flags: number): Selector {
  if (flags & MSG_COPY) {
    if (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT)) throw new Errno(EINVAL)
    return {kind: 'number', number: Number(type)}
  }
  if (type === 0n) return {kind: 'any'}
  if (type > 0n) return {kind: flags & MSG_EXCEPT ? 'other' : 'type', type}
  return {kind: 'lowest', type: -type > LONG_MAX ? LONG_MAX : -type}
}

function signed(word: bigint): bigint {
  return BigInt.asIntN(64, word)
}
