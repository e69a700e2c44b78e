// Control messages: man 3 cmsg; SCM_RIGHTS and SCM_CREDENTIALS of man 7 unix (net/core/scm.c). Those of other levels are the socket's.

import {CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN, hasCapability} from '../../abi/capability.ts'
import {EBADF, EINVAL, ENOBUFS, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import {
  AF_INET,
  AF_INET6,
  CMSG_LEVEL,
  CMSG_TYPE,
  CMSGHDR_BYTES,
  cmsgSpace,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  OVERFLOW_ID,
  SCM_CREDENTIALS,
  SCM_MAX_FD,
  SCM_RIGHTS,
  SOL_SOCKET,
  UCRED_BYTES,
} from '../../abi/socket.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {requirePromise} from '../pledge/broken-promise.ts'
import type {Reading, SenderCredentials} from './reading.ts'
import type {Control} from './sending.ts'
import type {Socket, SocketFamily} from './socket.ts'

/** /proc/sys/net/core/optmem_max. */
const MAX_CONTROL = 131_072

/** What a sender adds. @throws Errno EFAULT, EINVAL, ENOBUFS, EBADF, EPERM, ESRCH */
export function readControl(task: Task, {family}: Socket, address: number, length: number): Control {
  const control: Control = {claimed: undefined, descriptions: [], others: []}
  if (address === 0 || length === 0) return control
  if (length > MAX_CONTROL) throw new Errno(ENOBUFS)
  const bytes = task.memory.readBytes(address, length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  for (let at = 0; at + CMSGHDR_BYTES <= length; ) {
    const size = Number(view.getBigUint64(at, true))
    if (size < CMSGHDR_BYTES || size > length - at) throw new Errno(EINVAL)
    const level = view.getInt32(at + CMSG_LEVEL, true)
    const type = view.getInt32(at + CMSG_TYPE, true)
    const data = bytes.subarray(at + CMSGHDR_BYTES, at + size)
    if (level !== SOL_SOCKET) control.others.push({level, type, data})
    else if (!isForOthers(family, type))
      readOne(task, type, new DataView(data.buffer, data.byteOffset, data.length), control)
    at += cmsgSpace(size - CMSGHDR_BYTES)
  }
  return control
}

/** Sockets of the internet carry no descriptors or credentials, and do not look at them: __sock_cmsg_send in Linux. */
function isForOthers({number}: SocketFamily, type: number): boolean {
  return (number === AF_INET || number === AF_INET6) && (type === SCM_RIGHTS || type === SCM_CREDENTIALS)
}

function readOne(task: Task, type: number, data: DataView, control: Control): void {
  if (type === SCM_RIGHTS) {
    requirePromise(task, 'sendfd')
    readRights(task, data, control.descriptions)
  } else if (type === SCM_CREDENTIALS) {
    if (data.byteLength !== UCRED_BYTES) throw new Errno(EINVAL)
    const [pid, uid, gid] = [data.getInt32(0, true), data.getUint32(4, true), data.getUint32(8, true)]
    control.claimed = checkClaim(task, {pid, uid, gid})
  } else {
    throw new Errno(EINVAL)
  }
}

function readRights({fds}: Task, data: DataView, into: OpenDescription[]): void {
  const count = Math.floor(data.byteLength / 4)
  if (into.length + count > SCM_MAX_FD) throw new Errno(EINVAL)
  for (let i = 0; i < count; i++) {
    const description = fds.find(data.getInt32(4 * i, true))
    if (description === undefined) throw new Errno(EBADF)
    into.push(description)
  }
}

/** A sender needs a capability to claim another identity. @throws Errno EPERM, ESRCH */
function checkClaim(task: Task, claim: SenderCredentials): SenderCredentials {
  const {process, kernel, credentials: who} = task
  const may = (capability: number) => hasCapability(who.capabilities, capability)
  const {pid, uid, gid} = claim
  if (pid !== process.pid && !may(CAP_SYS_ADMIN)) throw new Errno(EPERM)
  if (![who.ruid, who.euid, who.suid].includes(uid) && !may(CAP_SETUID)) throw new Errno(EPERM)
  if (![who.rgid, who.egid, who.sgid].includes(gid) && !may(CAP_SETGID)) throw new Errno(EPERM)
  if (!kernel.processes.has(pid) && !kernel.tasks.has(pid)) throw new Errno(ESRCH)
  if (uid === 0xffffffff || gid === 0xffffffff) throw new Errno(EINVAL)
  return claim
}

/** Writes control messages where recvmsg(2) puts them. */
export class ControlWriter {
  readonly #task: Task
  readonly #start: number
  #at: number
  #left: number
  /** MSG_CTRUNC. */
  flags = 0

  constructor(task: Task, address: number, length: number) {
    this.#task = task
    this.#start = this.#at = address
    this.#left = address === 0 ? 0 : length
  }

  /** Bytes that were used: msg_controllen. */
  get used(): number {
    return this.#at - this.#start
  }

  /** Writes all that belongs to what was received. Rights without room are closed. @param tellsSender SO_PASSCRED */
  write(reading: Reading, tellsSender: boolean): void {
    const {rights, flags, control} = reading
    try {
      for (const {level, type, data} of control) this.#put(level, type, data)
      if (tellsSender) this.#putCredentials(reading.credentials)
      if (rights === undefined) return
      requirePromise(this.#task, 'recvfd')
      this.#putRights(rights.descriptions, flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0)
    } finally {
      reading.dropRights()
    }
  }

  #putCredentials(credentials: SenderCredentials | undefined): void {
    const {pid, uid, gid} = credentials ?? {pid: 0, uid: OVERFLOW_ID, gid: OVERFLOW_ID}
    this.#put(SOL_SOCKET, SCM_CREDENTIALS, new Uint8Array(new Uint32Array([pid, uid, gid]).buffer))
  }

  /** As much of it as there is room for: put_cmsg in Linux. */
  #put(level: number, type: number, data: Uint8Array): void {
    if (this.#left < CMSGHDR_BYTES) {
      this.flags |= MSG_CTRUNC
      return
    }
    const room = Math.min(data.length, this.#left - CMSGHDR_BYTES)
    if (room < data.length) this.flags |= MSG_CTRUNC
    this.#putHeader(level, type, room)
    this.#task.memory.writeBytes(this.#at + CMSGHDR_BYTES, data.subarray(0, room))
    this.#advance(data.length)
  }

  /** As many as there is room for, here and in the descriptor table. */
  #putRights(descriptions: readonly OpenDescription[], flags: number): void {
    const {fds, memory} = this.#task
    const room = this.#left <= CMSGHDR_BYTES ? 0 : Math.floor((this.#left - CMSGHDR_BYTES) / 4)
    let count = 0
    for (const description of descriptions.slice(0, room)) {
      const fd = unlessErrno(() => fds.duplicate(description, flags))
      if (fd === undefined) break
      try {
        memory.writeInt32(this.#at + CMSGHDR_BYTES + 4 * count, fd)
      } catch (error) {
        fds.remove(fd)
        if (!(error instanceof Errno)) throw error
        break
      }
      count++
    }
    if (count < descriptions.length) this.flags |= MSG_CTRUNC
    if (count === 0) return
    this.#putHeader(SOL_SOCKET, SCM_RIGHTS, 4 * count)
    this.#advance(4 * count)
  }

  #putHeader(level: number, type: number, dataBytes: number): void {
    const {memory} = this.#task
    memory.writeUint64(this.#at, CMSGHDR_BYTES + dataBytes)
    memory.writeInt32s(this.#at + CMSG_LEVEL, [level, type])
  }

  #advance(dataBytes: number): void {
    const space = Math.min(cmsgSpace(dataBytes), this.#left)
    this.#at += space
    this.#left -= space
  }
}
