// Kinds of the last argument of shmctl(2), semctl(2) and msgctl(2): the command before it determines the structure.

import * as ipc from '../../../abi/ipc.ts'
import {arch} from '../../../arch/index.ts'
import type {Kind, Kinds} from '../kind.ts'
import {hexOf, octal} from '../text/number.ts'
import {uint64} from '../text/view.ts'

type Show = (view: DataView) => string

interface Structure {
  readonly size: number
  readonly show: Show
}

/** Fields by name: an offset, or an offset and its bytes. */
type Fields = readonly (readonly [name: string, offset: number, bytes?: 2 | 4 | 8])[]

const {semidDs} = arch.kernelAbi
const MODE = 20

const shmidDs = status('shm', ipc.SHMID_DS_BYTES, [
  ['shm_segsz', 48],
  ['shm_cpid', 80, 4],
  ['shm_lpid', 84, 4],
  ['shm_nattch', 88],
  ['shm_atime', 56],
  ['shm_dtime', 64],
  ['shm_ctime', 72],
])
const semidStatus = status('sem', semidDs.size, [
  ['sem_otime', ipc.IPC_PERM_BYTES],
  ['sem_ctime', semidDs.ctime],
  ['sem_nsems', semidDs.nsems],
])
const msqidDs = status('msg', ipc.MSQID_DS_BYTES, [
  ['msg_stime', 48],
  ['msg_rtime', 56],
  ['msg_ctime', 64],
  ['msg_qnum', 80],
  ['msg_qbytes', 88],
  ['msg_lspid', 96, 4],
  ['msg_lrpid', 100, 4],
])
const shminfo = structure(ipc.SHMINFO_BYTES, inRow('shmmax shmmin shmmni shmseg shmall', 8))
const shmUse = structure(ipc.SHM_INFO_BYTES, [
  ['used_ids', 0, 4],
  ...inRow('shm_tot shm_rss shm_swp swap_attempts swap_successes', 8, 8),
])
const seminfo = structure(
  ipc.SEMINFO_BYTES,
  inRow('semmap semmni semmns semmnu semmsl semopm semume semusz semvmx semaem', 4),
)
const msginfo = structure(ipc.MSGINFO_BYTES, [
  ...inRow('msgpool msgmap msgmax msgmnb msgmni msgssz msgtql', 4),
  ['msgseg', 28, 2],
])

export const interprocessControl = {
  shmctlarg: control('shm', [ipc.IPC_STAT, ipc.SHM_STAT, ipc.SHM_STAT_ANY], shmidDs, {
    [ipc.IPC_INFO]: shminfo,
    [ipc.SHM_INFO]: shmUse,
  }),
  semctlarg: control(
    'sem',
    [ipc.IPC_STAT, ipc.SEM_STAT, ipc.SEM_STAT_ANY],
    semidStatus,
    {[ipc.IPC_INFO]: seminfo, [ipc.SEM_INFO]: seminfo},
    // A value, not a pointer.
    ipc.SETVAL,
  ),
  msgctlarg: control('msg', [ipc.IPC_STAT, ipc.MSG_STAT, ipc.MSG_STAT_ANY], msqidDs, {
    [ipc.IPC_INFO]: msginfo,
    [ipc.MSG_INFO]: msginfo,
  }),
} satisfies Kinds

/** @param stats the commands that store `state`; @param infos what others store; @param plain takes a value */
function control(
  prefix: string,
  stats: readonly number[],
  state: Structure,
  infos: Readonly<Record<number, Structure>>,
  plain?: number,
): Kind {
  const filled = (command: number): Structure | undefined =>
    stats.includes(command) ? state : infos[command]
  const taken = permission(prefix)
  return {
    enter(call, index) {
      const command = call.int32(index - 1)
      if (command === plain) return hexOf(call.uint32(index))
      if (filled(command) !== undefined) return undefined
      return command === ipc.IPC_SET ? call.struct(index, taken.size, taken.show) : call.pointer(index)
    },
    leave(call, index) {
      const structure = filled(call.int32(index - 1))
      return structure === undefined ? '' : call.struct(index, structure.size, structure.show)
    },
  }
}

/** The part of it that IPC_SET reads. */
function permission(prefix: string): Structure {
  return {size: ipc.IPC_PERM_BYTES, show: (view) => `{${prefix}_perm={${owner(view)}}}`}
}

function status(prefix: string, size: number, fields: Fields): Structure {
  const rest = (view: DataView): string => {
    const [key, cuid, cgid] = [0, 12, 16].map((offset) => view.getUint32(offset, true))
    return `key=${key}, cuid=${cuid}, cgid=${cgid}`
  }
  return {
    size,
    show: (view) => `{${prefix}_perm={${owner(view)}, ${rest(view)}}, ${showFields(view, fields)}}`,
  }
}

function structure(size: number, fields: Fields): Structure {
  return {size, show: (view) => `{${showFields(view, fields)}}`}
}

function owner(view: DataView): string {
  const mode = octal(view.getUint32(MODE, true))
  return `uid=${view.getUint32(4, true)}, gid=${view.getUint32(8, true)}, mode=${mode}`
}

function showFields(view: DataView, fields: Fields): string {
  return fields.map(([name, offset, bytes = 8]) => `${name}=${number(view, offset, bytes)}`).join(', ')
}

function number(view: DataView, offset: number, bytes: 2 | 4 | 8): string {
  if (bytes === 8) return uint64(view, offset)
  return String(bytes === 4 ? view.getInt32(offset, true) : view.getUint16(offset, true))
}

function inRow(names: string, bytes: 4 | 8, first = 0): Fields {
  return names.split(' ').map((name, i) => [name, first + i * bytes, bytes] as const)
}
