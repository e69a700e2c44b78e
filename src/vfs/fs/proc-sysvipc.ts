// /proc/sysvipc: the System V objects in the columns that ipcs(1) reads: proc(5).

import type {ByteString} from '../file.ts'
import {type Entry, subdirectory} from './proc-nodes.ts'
import {text} from './proc-text.ts'

/** What procfs asks of System V IPC. Times are seconds. */
export interface SysvIpcSource {
  readonly segments: Iterable<{
    readonly permission: Permission
    readonly size: number
    readonly creator: number
    readonly lastPid: number
    readonly attachments: number
    readonly attachedAt: number
    readonly detachedAt: number
    readonly changedAt: number
    /** In pages. */
    readonly resident: number
  }>
  readonly semaphores: Iterable<{
    readonly permission: Permission
    readonly count: number
    readonly operatedAt: number
    readonly changedAt: number
  }>
  readonly messages: Iterable<{
    readonly permission: Permission
    readonly bytes: number
    readonly count: number
    readonly lastSender: number
    readonly lastReceiver: number
    readonly sentAt: number
    readonly receivedAt: number
    readonly changedAt: number
  }>
}

interface Permission {
  readonly key: number
  readonly id: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly cuid: number
  readonly cgid: number
}

const PAGE_BYTES = 4096

export function sysvipcDirectory(source: {readonly ipc: SysvIpcSource}): Entry {
  return subdirectory({
    msg: text(() => messagesText(source.ipc)),
    sem: text(() => semaphoresText(source.ipc)),
    shm: text(() => segmentsText(source.ipc)),
  })
}

function segmentsText({segments}: SysvIpcSource): ByteString {
  let lines =
    '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid' +
    '      atime      dtime      ctime                   rss                  swap\n'
  for (const segment of segments) {
    const {permission, size, creator, lastPid, attachments, resident} = segment
    const {attachedAt, detachedAt, changedAt} = segment
    lines += `${identity(permission)} ${pad(size, 21)} ${pad(creator, 5)} ${pad(lastPid, 5)}  ${pad(attachments, 5)} `
    lines += `${owners(permission)} ${times(attachedAt, detachedAt, changedAt)} `
    lines += `${pad(resident * PAGE_BYTES, 21)} ${pad(0, 21)}\n`
  }
  return lines
}

function semaphoresText({semaphores}: SysvIpcSource): ByteString {
  let lines = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n'
  for (const {permission, count, operatedAt, changedAt} of semaphores)
    lines += `${identity(permission)} ${pad(count, 10)} ${owners(permission)} ${times(operatedAt, changedAt)}\n`
  return lines
}

function messagesText({messages}: SysvIpcSource): ByteString {
  let lines =
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid' +
    '      stime      rtime      ctime\n'
  for (const queue of messages) {
    const {permission, bytes, count, lastSender, lastReceiver, sentAt, receivedAt, changedAt} = queue
    lines += `${identity(permission)}  ${pad(bytes, 10)} ${pad(count, 10)} ${pad(lastSender, 5)} `
    lines += `${pad(lastReceiver, 5)} ${owners(permission)} ${times(sentAt, receivedAt, changedAt)}\n`
  }
  return lines
}

function identity({key, id, mode}: Permission): string {
  return `${pad(key, 10)} ${pad(id, 10)}  ${mode.toString(8).padStart(4)}`
}

function owners({uid, gid, cuid, cgid}: Permission): string {
  return [uid, gid, cuid, cgid].map((number) => pad(number, 5)).join(' ')
}

function times(...seconds: readonly number[]): string {
  return seconds.map((time) => pad(time, 10)).join(' ')
}

function pad(value: number, width: number): string {
  return String(value).padStart(width)
}
