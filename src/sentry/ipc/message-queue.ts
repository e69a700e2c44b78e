// MessageQueue: System V messages: msgget(2), msgop(2), msgctl(2).

import {MSG_COPY, MSG_EXCEPT, MSGMNB, MSGMNI} from '../../abi/ipc.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {FileClock} from '../../vfs/clock.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import {IpcTable} from './ipc-table.ts'
import type {IpcPermission} from './permission.ts'

export interface Message {
  /** Positive, 64 bits. */
  readonly type: bigint
  readonly text: Uint8Array
}

export class MessageQueue {
  readonly permission: IpcPermission
  maxBytes = MSGMNB
  /** Seconds. */
  sentAt = 0
  receivedAt = 0
  changedAt: number
  lastSender = 0
  lastReceiver = 0
  /** IPC_RMID came. */
  isRemoved = false
  /** Woken, in the order in which calls went to sleep, when there is one more message, or room. */
  readonly changed = new WaitQueue()
  readonly #budget: Budget
  readonly #clock: FileClock
  #messages: Message[] = []
  #bytes = 0

  constructor(permission: IpcPermission, budget: Budget, clock: FileClock) {
    this.#clock = clock
    this.changedAt = clock.now().seconds
    this.permission = permission
    this.#budget = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#messages.length
  }

  /** Empty messages are limited, too. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.maxBytes && this.count + 1 <= this.maxBytes
  }

  /** Precondition: it has room. @throws Errno ENOMEM */
  send(message: Message, pid: number): void {
    this.#budget.take(costOf(message))
    this.#messages.push(message)
    this.#bytes += message.text.length
    this.lastSender = pid
    this.sentAt = this.#clock.now().seconds
    this.changed.wakeAll()
  }

  /**
   * The message that a msgrcv(2) selects, which stays.
   * @param wanted a type; negative: the lowest type up to it; 0: any. MSG_EXCEPT: not that type; MSG_COPY: a position
   */
  find(wanted: bigint, flags: number): Message | undefined {
    if (flags & MSG_COPY) return this.#messages[Number(wanted)]
    if (wanted < 0n) return this.#lowest(-wanted)
    if (wanted === 0n) return this.#messages[0]
    const isExcept = (flags & MSG_EXCEPT) !== 0
    return this.#messages.find(({type}) => (type === wanted) !== isExcept)
  }

  /** Takes a message out. Precondition: it is there. */
  take(message: Message, pid: number): void {
    this.#messages.splice(this.#messages.indexOf(message), 1)
    this.#bytes -= message.text.length
    this.#budget.give(costOf(message))
    this.lastReceiver = pid
    this.receivedAt = this.#clock.now().seconds
    this.changed.wakeAll()
  }

  /** Drops its messages, and tells its sleepers. */
  remove(): void {
    for (const message of this.#messages) this.#budget.give(costOf(message))
    this.#messages = []
    this.#bytes = 0
    this.isRemoved = true
    this.changed.wakeAll()
  }

  #lowest(most: bigint): Message | undefined {
    let found: Message | undefined
    for (const message of this.#messages) {
      if (message.type <= most && (found === undefined || message.type < found.type)) found = message
    }
    return found
  }
}

function costOf({text}: Message): number {
  return COST.message + text.length
}

export class MessageQueues extends IpcTable<MessageQueue> {
  readonly #kernel: Pick<Kernel, 'budget' | 'vfs'>

  constructor(kernel: Pick<Kernel, 'budget' | 'vfs'>) {
    super(MSGMNI)
    this.#kernel = kernel
  }

  /** @throws Errno ENOMEM */
  create(permission: IpcPermission): MessageQueue {
    const {budget, vfs} = this.#kernel
    budget.take(COST.messageQueue)
    return new MessageQueue(permission, budget, vfs.clock)
  }

  override remove(queue: MessageQueue): void {
    this.drop(queue)
    this.#kernel.budget.give(COST.messageQueue)
    queue.remove()
  }

  /** MSG_INFO: of all queues. */
  get total(): {messages: number; bytes: number} {
    let [messages, bytes] = [0, 0]
    for (const queue of this) {
      messages += queue.count
      bytes += queue.bytes
    }
    return {messages, bytes}
  }
}
