// Receives from a socket into guest memory: the one way that recv(2), recvmsg(2), read(2) and the like take.

import {EAGAIN, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_TRUNC,
  MSGHDR,
} from '../../abi/socket.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import {type Iovec, totalLength} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {continuation, restartOf} from '../core/wait.ts'
import {copyOut, piecesOf, viewAt} from '../memory/range-copy.ts'
import type {UserMemory} from '../memory/user-memory.ts'
import {ControlWriter} from './control-messages.ts'
import type {MessageHeader} from './message-header.ts'
import {type ByteSink, Reading} from './reading.ts'
import {deadlineOf, type OpenSocket, writeAddress} from './socket-argument.ts'

const NOTHING = new Uint8Array(0)

/** Where to store what comes with the bytes. */
export interface Receipt {
  /** Of the sender's address and its length; 0: nowhere. */
  readonly nameAddress: number
  readonly nameLengthAddress: number
  /** recvmsg(2)'s. */
  readonly header?: MessageHeader
  /** recvmmsg(2): where the result goes. */
  readonly resultAddress?: number | undefined
}

interface Reception {
  readonly file: OpenSocket
  readonly reading: Reading
  /** Undefined: what comes with the bytes is lost. */
  readonly receipt: Receipt | undefined
  readonly deadlineNs: number
}

/**
 * Bytes alone, into one range. What a stream has at once goes from its ring into guest memory, and nothing is made for it.
 * @returns the call's result, or BLOCKED @throws Errno as man 2 recv
 */
export function receiveRange(
  task: Task,
  file: OpenSocket,
  address: number,
  length: number,
  flags: number,
): number {
  const {socket} = file
  if (length > 0 && !(flags & ~MSG_DONTWAIT) && socket.readableBytes) {
    const view = task.memory.view(address, length, PROT_WRITE)
    if (view.length >= Math.min(length, socket.readableBytes)) return socket.read(view, 0)
  }
  return receiveMessage(task, file, [{address, length}], flags)
}

/** @returns the call's result, or BLOCKED @throws Errno as man 2 recv */
export function receiveMessage(
  task: Task,
  file: OpenSocket,
  ranges: readonly Iovec[],
  flags: number,
  receipt?: Receipt,
): number {
  const buffer = new GuestRanges(task.memory, ranges)
  const allFlags = file.flags & O_NONBLOCK ? flags | MSG_DONTWAIT : flags
  const wantsName = receipt !== undefined && receipt.nameAddress !== 0
  const reading = new Reading(buffer, totalLength(ranges), allFlags, wantsName)
  const deadlineNs = deadlineOf(task, file.socket.options.receiveTimeoutNs)
  return proceed(task, {file, reading, receipt, deadlineNs})
}

const next = continuation<Reception>({name: 'receive', resume: proceed, bytesDone: finishEarly})

function proceed(task: Task, reception: Reception, expired = false): number {
  const {file, reading, deadlineNs} = reception
  const mayWait = !expired && !(reading.flags & MSG_DONTWAIT)
  const isOver = file.socket.receive(reading)
  if (isOver || (reading.copied > 0 && !mayWait)) return finish(task, reception)
  if (!mayWait) throw new Errno(EAGAIN)
  const files = [{file, events: POLLIN}]
  return task.block({files, deadlineNs, restart: restartOf(deadlineNs), next, progress: reception})
}

class GuestRanges implements ByteSink {
  readonly #memory: UserMemory
  readonly #ranges: readonly Iovec[]

  constructor(memory: UserMemory, ranges: readonly Iovec[]) {
    this.#memory = memory
    this.#ranges = ranges
  }

  put(bytes: Uint8Array, at: number): void {
    copyOut(this.#memory, this.#ranges, at, bytes)
  }

  space(at: number): Uint8Array {
    return viewAt(this.#memory, this.#ranges, at, PROT_WRITE)
  }

  pieces(most: number): Uint8Array[] {
    return piecesOf(this.#memory, this.#ranges, most, PROT_WRITE)
  }
}

/** Stores what comes with the bytes. Called once, unless the call fails. @returns the call's result */
function finish(task: Task, {file: {socket}, reading, receipt}: Reception): number {
  if (receipt === undefined) {
    reading.dropRights()
    return reading.result
  }
  const {memory} = task
  const {nameAddress, nameLengthAddress, header, resultAddress} = receipt
  const tellsSender = socket.options.passesCredentials && !reading.isEnd
  const hasControl = tellsSender || reading.rights !== undefined || reading.control.length > 0
  const writer = new ControlWriter(task, header?.control ?? 0, header?.controlLength ?? 0)
  writer.write(reading, tellsSender)
  if (nameAddress !== 0) writeAddress(task, reading.name ?? NOTHING, nameAddress, nameLengthAddress)
  if (header !== undefined) {
    let flags = (reading.flags & MSG_CMSG_CLOEXEC) | writer.flags
    if (header.control === 0 && hasControl) flags |= MSG_CTRUNC
    if (reading.isTruncated) flags |= MSG_TRUNC
    if (reading.isError) flags |= MSG_ERRQUEUE
    if (reading.isUrgent) flags |= MSG_OOB
    memory.writeUint32(header.address + MSGHDR.flags, flags)
    memory.writeUint64(header.address + MSGHDR.controlLength, writer.used)
  }
  if (resultAddress !== undefined) memory.writeUint32(resultAddress, reading.result)
  return reading.result
}

/** A signal ends the wait of a call that already has bytes. */
function finishEarly(task: Task, reception: Reception): number {
  const {copied, result} = reception.reading
  return copied === 0 ? 0 : (unlessErrno(() => finish(task, reception)) ?? result)
}
