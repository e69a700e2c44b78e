// PosixQueue: a POSIX message queue: mq_overview(7). An inode, although only its description can be opened by a path.

import {PERMISSION_BITS, S_IFREG} from '../../abi/file-mode.ts'
import {POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {COST} from '../../vfs/budget.ts'
import type {Attributes, Credentials, FileDescription} from '../../vfs/file.ts'
import {StoredInode} from '../../vfs/inode.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {PosixQueueDescription} from './posix-queue-description.ts'

/** The size that Linux reports for all. */
const SIZE = 80

export interface QueueMessage {
  readonly priority: number
  readonly text: Uint8Array
}

/** mq_notify(3): the process that is told, once, of a message in an empty queue. */
export interface Notification {
  readonly process: Process
  /** Undefined: SIGEV_NONE, which only keeps the place. 0: no signal, as for kill(2). */
  readonly signal: number | undefined
  readonly value: bigint
}

export class PosixQueue extends StoredInode<UnmountedFileSystem> {
  override readonly descriptorText: string
  /** mq_attr. */
  readonly mostMessages: number
  readonly messageBytes: number
  notification: Notification | undefined
  /** Calls that sleep for a message: while there are some, no process is notified. */
  receivers = 0
  /** Woken when there is one more message, or room. */
  readonly changed = new WaitQueue()
  readonly #kernel: Pick<Kernel, 'budget' | 'current'>
  readonly #freed: () => void
  /** By descending priority, then in order of arrival. */
  readonly #messages: QueueMessage[] = []
  #bytes = 0
  #isLinked = true
  #opens = 0

  /** @param freed called when it has neither a name nor a description */
  constructor(parts: QueueParts, kernel: Pick<Kernel, 'budget' | 'current'>, freed: () => void) {
    super(parts.fs, parts.fs.takeIno(), S_IFREG | (parts.mode & PERMISSION_BITS), parts.owner)
    this.descriptorText = `/${parts.name}`
    this.mostMessages = parts.mostMessages
    this.messageBytes = parts.messageBytes
    this.#kernel = kernel
    this.#freed = freed
  }

  get count(): number {
    return this.#messages.length
  }

  /** Of all messages. */
  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.count >= this.mostMessages
  }

  get readiness(): number {
    return (this.count > 0 ? POLLIN : 0) | (this.isFull ? 0 : POLLOUT)
  }

  /** Precondition: not full. @throws Errno ENOMEM */
  send(message: QueueMessage): void {
    this.#kernel.budget.take(costOf(message))
    let index = this.count
    while (index > 0 && this.#messages[index - 1].priority < message.priority) index--
    this.#messages.splice(index, 0, message)
    this.#bytes += message.text.length
    this.#touch()
  }

  /** Precondition: not empty. */
  receive(): QueueMessage {
    const message = this.#messages.shift()!
    this.#drop(message)
    this.#touch()
    return message
  }

  override open(flags: number): FileDescription {
    this.#opens++
    return new PosixQueueDescription(this, flags)
  }

  /** A process that closes one of its descriptors is no longer notified, whatever other descriptors it has. */
  descriptorClosed(): void {
    if (this.notification?.process === this.#kernel.current?.process) this.notification = undefined
  }

  /** A description is gone. */
  closed(): void {
    this.#opens--
    this.#free()
  }

  /** mq_unlink(3). */
  unlinked(): void {
    this.#isLinked = false
    this.#free()
  }

  override attributes(): Attributes {
    const own = super.attributes()
    return {...own, nlink: this.#isLinked ? 1 : 0, size: SIZE, btime: own.ctime}
  }

  #touch(): void {
    const now = this.fs.clock.now()
    this.setAttributes({atime: now, mtime: now})
    this.changed.wakeAll()
  }

  #drop(message: QueueMessage): void {
    this.#bytes -= message.text.length
    this.#kernel.budget.give(costOf(message))
  }

  #free(): void {
    if (this.#isLinked || this.#opens > 0) return
    for (const message of this.#messages.splice(0)) this.#drop(message)
    this.#freed()
  }
}

export interface QueueParts {
  readonly fs: UnmountedFileSystem
  /** Without a slash. */
  readonly name: string
  readonly mostMessages: number
  readonly messageBytes: number
  readonly mode: number
  readonly owner: Credentials
}

function costOf({text}: QueueMessage): number {
  return COST.message + text.length
}
