// PosixQueues: the POSIX message queues of a kernel by name, and their limits: mq_overview(7), mq_open(3).

import {CAP_FOWNER, CAP_SYS_RESOURCE, hasCapability} from '../../abi/capability.ts'
import {EEXIST, EINVAL, EMFILE, ENOENT, ENOSPC, EPERM, Errno} from '../../abi/errno.ts'
import {MAY_READ, MAY_WRITE} from '../../abi/file-mode.ts'
import {
  MQ_MSG_DEFAULT,
  MQ_MSG_HARD_MAX,
  MQ_MSG_MAX,
  MQ_MSGSIZE_DEFAULT,
  MQ_MSGSIZE_HARD_MAX,
  MQ_MSGSIZE_MAX,
  MQ_PRIO_MAX,
  MQ_QUEUES_MAX,
} from '../../abi/ipc.ts'
import {O_ACCMODE, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY} from '../../abi/open-flags.ts'
import {messageInfo} from '../../abi/siginfo.ts'
import {COST} from '../../vfs/budget.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {ownString} from '../../vfs/own-string.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {PosixQueue, type QueueMessage} from './posix-queue.ts'

const MQUEUE_MAGIC = 0x19800202

/** What Linux counts for a message and for a priority, on top of the text: struct msg_msg, struct posix_msg_tree_node. */
const MESSAGE_BYTES = 48
const PRIORITY_BYTES = 48

export interface QueueSize {
  readonly mostMessages: number
  readonly messageBytes: number
}

const DEFAULT_SIZE: QueueSize = {mostMessages: MQ_MSG_DEFAULT, messageBytes: MQ_MSGSIZE_DEFAULT}

export interface QueueRequest {
  readonly name: string
  /** As of open(2). */
  readonly flags: number
  readonly mode: number
  readonly size: QueueSize | undefined
  readonly who: Credentials
  /** RLIMIT_MSGQUEUE. */
  readonly mostBytes: number
}

export class PosixQueues {
  readonly #fs: UnmountedFileSystem
  readonly #queues = new Map<string, PosixQueue>()
  /** What each user's queues may take, as RLIMIT_MSGQUEUE counts. */
  readonly #bytes = new Map<number, number>()
  /** Includes queues without a name. */
  readonly #all = new Set<PosixQueue>()
  readonly #kernel: Pick<Kernel, 'budget' | 'current' | 'vfs'>

  constructor(kernel: Pick<Kernel, 'budget' | 'current' | 'vfs'>) {
    this.#kernel = kernel
    this.#fs = kernel.vfs.unmounted('mqueue', MQUEUE_MAGIC)
  }

  /** mq_open(2). @throws Errno */
  open(request: QueueRequest): FileDescription {
    const {name, flags, who} = request
    const found = this.#queues.get(name)
    if (found === undefined) {
      if (!(flags & O_CREAT)) throw new Errno(ENOENT)
      return this.#create(request).open(flags)
    }
    if (flags & O_CREAT && flags & O_EXCL) throw new Errno(EEXIST)
    checkAccess(found, accessOf(flags), who)
    return found.open(flags)
  }

  /** mq_unlink(2). Everybody may write to the directory, which has the sticky bit. @throws Errno ENOENT, EPERM */
  unlink(name: string, who: Credentials): void {
    const queue = this.#queues.get(name)
    if (queue === undefined) throw new Errno(ENOENT)
    const {uid} = queue.attributes()
    if (who.uid !== uid && who.uid !== 0 && !hasCapability(who.capabilities, CAP_FOWNER))
      throw new Errno(EPERM)
    this.#queues.delete(name)
    queue.unlinked()
  }

  /** The process has ended: it is no longer notified. */
  forget(process: Process): void {
    for (const queue of this.#all) if (queue.notification?.process === process) queue.notification = undefined
  }

  #create({name: givenName, mode, size = DEFAULT_SIZE, who, mostBytes}: QueueRequest): PosixQueue {
    const isMighty = hasCapability(who.capabilities, CAP_SYS_RESOURCE)
    if (this.#all.size >= MQ_QUEUES_MAX && !isMighty) throw new Errno(ENOSPC)
    checkSize(size, isMighty)
    const bytes = countedBytes(size)
    const creator = who.ruid
    const used = this.#bytes.get(creator) ?? 0
    if (used + bytes > mostBytes) throw new Errno(EMFILE)
    const name = ownString(givenName)
    this.#kernel.budget.take(COST.posixQueue)
    this.#bytes.set(creator, used + bytes)
    const queue = new PosixQueue({fs: this.#fs, name, ...size, mode, owner: who}, this.#kernel, () => {
      this.#free(queue, creator, bytes)
    })
    this.#all.add(queue)
    this.#queues.set(name, queue)
    return queue
  }

  #free(queue: PosixQueue, creator: number, bytes: number): void {
    this.#all.delete(queue)
    this.#kernel.budget.give(COST.posixQueue)
    const left = this.#bytes.get(creator)! - bytes
    if (left === 0) this.#bytes.delete(creator)
    else this.#bytes.set(creator, left)
  }
}

/** mq_timedsend(2)'s heart: the message, and the notification that it may bring. Precondition: the queue is not full. */
export function sendMessage(queue: PosixQueue, message: QueueMessage, sender: Process, uid: number): void {
  queue.send(message)
  const {notification} = queue
  if (notification === undefined || queue.count !== 1 || queue.receivers > 0) return
  queue.notification = undefined
  const {signal, process, value} = notification
  if (signal === undefined || signal === 0) return
  // If the queue of real-time signals is full, the message is sent nevertheless.
  unlessErrno(() => process.signals.raise(signal, messageInfo(signal, sender.pid, uid, value)))
}

/** @throws Errno EINVAL */
function accessOf(flags: number): number {
  const mode = flags & O_ACCMODE
  if (mode === O_ACCMODE) throw new Errno(EINVAL)
  if (mode === O_RDONLY) return MAY_READ
  return mode === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE
}

/** @throws Errno EINVAL */
function checkSize({mostMessages, messageBytes}: QueueSize, isMighty: boolean): void {
  const [messages, bytes] = isMighty ? [MQ_MSG_HARD_MAX, MQ_MSGSIZE_HARD_MAX] : [MQ_MSG_MAX, MQ_MSGSIZE_MAX]
  const isGood = mostMessages > 0 && messageBytes > 0 && mostMessages <= messages && messageBytes <= bytes
  if (!isGood) throw new Errno(EINVAL)
}

/** getrlimit(2), RLIMIT_MSGQUEUE. */
function countedBytes({mostMessages, messageBytes}: QueueSize): number {
  const priorities = Math.min(mostMessages, MQ_PRIO_MAX)
  return mostMessages * (MESSAGE_BYTES + messageBytes) + priorities * PRIORITY_BYTES
}
