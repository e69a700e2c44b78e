// Kinds of System V IPC and of POSIX message queues: linux/{ipc,shm,sem,msg,mqueue}.h.

import * as ipc from '../../../abi/ipc.ts'
import {MQ_ATTR_BYTES} from '../../../abi/ipc.ts'
import {O_CREAT, O_NONBLOCK} from '../../../abi/open-flags.ts'
import {arch} from '../../../arch/index.ts'
import type {UserMemory} from '../../memory/user-memory.ts'
import {flagged, HIDDEN, type Kinds, named, structOut} from '../kind.ts'
import {enumeration, flagWord, hexOf, type Names, octal, pick} from '../text/number.ts'
import {quoteBuffer} from '../text/quote.ts'
import {int64, showArray} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

const PERMISSIONS = 0o777
const creating = pick(ipc, 'IPC_CREAT IPC_EXCL')
const common = pick(ipc, 'IPC_RMID IPC_SET IPC_STAT IPC_INFO')
const commands = (names: string, unknown: string) =>
  named(enumeration({...common, ...pick(ipc, names)}, unknown))
const flags = (names: string, unknown: string) => flagged(flagWord(pick(ipc, names), unknown))
const operationFlags = flagWord(pick(ipc, 'SEM_UNDO IPC_NOWAIT'), 'SEM_???')

export const interprocess = {
  ipckey: named((key) => (key === ipc.IPC_PRIVATE ? 'IPC_PRIVATE' : hexOf(key >>> 0))),
  ipcflags: flagged(getFlags(creating, 'IPC_???')),
  shmgetflags: flagged(getFlags({...creating, ...pick(ipc, 'SHM_HUGETLB SHM_NORESERVE')}, 'SHM_???')),
  shmatflags: flags('SHM_RDONLY SHM_RND SHM_REMAP SHM_EXEC', 'SHM_???'),
  shmctl: commands('SHM_LOCK SHM_UNLOCK SHM_STAT SHM_INFO SHM_STAT_ANY', 'SHM_???'),
  semctl: commands(
    'GETPID GETVAL GETALL GETNCNT GETZCNT SETVAL SETALL SEM_STAT SEM_INFO SEM_STAT_ANY',
    'SEM_???',
  ),
  msgctl: commands('MSG_STAT MSG_INFO MSG_STAT_ANY', 'MSG_???'),
  msgsndflags: flags('IPC_NOWAIT', 'MSG_???'),
  msgrcvflags: flags('MSG_NOERROR MSG_EXCEPT MSG_COPY IPC_NOWAIT', 'MSG_???'),
  /** struct sembuf[]; the next argument counts them. */
  sembufs: {
    enter: (call, index) =>
      call.follow(index, (address, memory) =>
        showArray(address, ipc.SEMBUF_BYTES, call.uint32(index + 1), call.limit, (at) => {
          const [number, change, flag] = [0, 2, 4].map((offset) => memory.readUint16(at + offset))
          return `{sem_num=${number}, sem_op=${(change << 16) >> 16}, sem_flg=${operationFlags(flag)}}`
        }),
      ),
  },
  /** struct msgbuf; the next argument is the text's length. */
  msgbuf: {
    enter: (call, index) => showMessage(call, index, call.address(index + 1)),
  },
  msgbuf_out: {leave: (call, index) => showMessage(call, index, call.address(index + 1))},
  /** For mq_open(2), which takes it only with O_CREAT, and mq_getsetattr(2). */
  mqattr: {
    enter: (call, index) =>
      call.words[index - 2] === 'openflags' && !creates(call.int32(index - 2))
        ? HIDDEN
        : call.struct(index, MQ_ATTR_BYTES, showAttributes),
  },
  mqattr_out: structOut(MQ_ATTR_BYTES, showAttributes),
} satisfies Kinds

/** What to make, and the permissions. */
function getFlags(names: Names, unknown: string): (value: number) => string {
  const show = flagWord(names, unknown)
  return (value) => {
    const rest = value & ~PERMISSIONS
    const mode = octal(value & PERMISSIONS)
    return rest === 0 ? mode : `${show(rest)}|${mode}`
  }
}

function showMessage(call: TracedCall, index: number, length: number): string {
  return call.follow(index, (address: number, memory: UserMemory) => {
    const type = BigInt.asIntN(64, memory.readBigUint64(address))
    return `{mtype=${type}, mtext=${quoteBuffer(memory, address + 8, length, call.limit)}}`
  })
}

function showAttributes(view: DataView): string {
  const flag = view.getInt32(0, true)
  const [most, size, count] = [8, 16, 24].map((offset) => int64(view, offset))
  return `{mq_flags=${flag === O_NONBLOCK ? 'O_NONBLOCK' : hexOf(flag >>> 0)}, mq_maxmsg=${most}, mq_msgsize=${size}, mq_curmsgs=${count}}`
}

function creates(guestFlags: number): boolean {
  return (arch.kernelAbi.openFlags(guestFlags) & O_CREAT) !== 0
}
