// setuid(2), setreuid(2), setresuid(2), setfsuid(2), and the same for group ids: credentials(7).

import {CAP_SETGID, CAP_SETUID, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {type Credentials, fixCapabilities, fixFileCapabilities} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

/** The four ids of one kind. */
interface Ids {
  readonly real: number
  readonly effective: number
  readonly saved: number
  readonly fs: number
}

/** How to get and set ids of one kind, and which capability allows any choice. */
interface Sort {
  readonly capability: number
  of(credentials: Credentials): Ids
  with(credentials: Credentials, ids: Ids): Credentials
}

const users: Sort = {
  capability: CAP_SETUID,
  of: ({ruid, euid, suid, uid}) => ({real: ruid, effective: euid, saved: suid, fs: uid}),
  with: (credentials, {real, effective, saved, fs}) => {
    return {...credentials, ruid: real, euid: effective, suid: saved, uid: fs}
  },
}

const groups: Sort = {
  capability: CAP_SETGID,
  of: ({rgid, egid, sgid, gid}) => ({real: rgid, effective: egid, saved: sgid, fs: gid}),
  with: (credentials, {real, effective, saved, fs}) => {
    return {...credentials, rgid: real, egid: effective, sgid: saved, gid: fs}
  },
}

/** Leave unchanged: (uid_t) -1. */
const KEEP = 0xffff_ffff

export const setuid: Syscall = (task, args) => setId(task, users, args.uint32(0))
export const setgid: Syscall = (task, args) => setId(task, groups, args.uint32(0))
export const setreuid: Syscall = (task, args) => setRe(task, users, args.uint32(0), args.uint32(1))
export const setregid: Syscall = (task, args) => setRe(task, groups, args.uint32(0), args.uint32(1))
export const setresuid: Syscall = (task, args) => {
  return setRes(task, users, args.uint32(0), args.uint32(1), args.uint32(2))
}
export const setresgid: Syscall = (task, args) => {
  return setRes(task, groups, args.uint32(0), args.uint32(1), args.uint32(2))
}
export const setfsuid: Syscall = (task, args) => setFs(task, users, args.uint32(0))
export const setfsgid: Syscall = (task, args) => setFs(task, groups, args.uint32(0))

function setId(task: Task, sort: Sort, id: number): number {
  if (id === KEEP) throw new Errno(EINVAL)
  const ids = sort.of(task.credentials)
  if (mayChooseFreely(task, sort)) return change(task, sort, {real: id, effective: id, saved: id, fs: id})
  if (id !== ids.real && id !== ids.saved) throw new Errno(EPERM)
  return change(task, sort, {...ids, effective: id, fs: id})
}

function setRe(task: Task, sort: Sort, real: number, effective: number): number {
  const ids = sort.of(task.credentials)
  const mayChoose = (id: number, ...own: number[]) => own.includes(id) || mayChooseFreely(task, sort)
  if (real !== KEEP && !mayChoose(real, ids.real, ids.effective)) throw new Errno(EPERM)
  if (effective !== KEEP && !mayChoose(effective, ids.real, ids.effective, ids.saved)) throw new Errno(EPERM)

  const newReal = real === KEEP ? ids.real : real
  const newEffective = effective === KEEP ? ids.effective : effective
  const savesEffective = real !== KEEP || (effective !== KEEP && effective !== ids.real)
  const saved = savesEffective ? newEffective : ids.saved
  return change(task, sort, {real: newReal, effective: newEffective, saved, fs: newEffective})
}

function setRes(task: Task, sort: Sort, real: number, effective: number, saved: number): number {
  const ids = sort.of(task.credentials)
  const own = [KEEP, ids.real, ids.effective, ids.saved]
  const foreign = [real, effective, saved].some((id) => !own.includes(id))
  if (foreign && !mayChooseFreely(task, sort)) throw new Errno(EPERM)

  const keepOr = (id: number, old: number) => (id === KEEP ? old : id)
  const newEffective = keepOr(effective, ids.effective)
  return change(task, sort, {
    real: keepOr(real, ids.real),
    effective: newEffective,
    saved: keepOr(saved, ids.saved),
    fs: newEffective,
  })
}

/** Never fails: it returns the old id, and callers that want to know whether it worked ask again. */
function setFs(task: Task, sort: Sort, id: number): number {
  const ids = sort.of(task.credentials)
  const own = [ids.real, ids.effective, ids.saved, ids.fs]
  const mayChoose = own.includes(id) || mayChooseFreely(task, sort)
  if (id !== KEEP && mayChoose) {
    const changed = sort.with(task.credentials, {...ids, fs: id})
    become(task, fixFileCapabilities(task.credentials, changed))
  }
  return ids.fs
}

function mayChooseFreely({credentials}: Task, {capability}: Sort): boolean {
  return hasCapability(credentials.capabilities, capability)
}

function change(task: Task, sort: Sort, ids: Ids): number {
  become(task, fixCapabilities(task.credentials, sort.with(task.credentials, ids)))
  return 0
}

/** A process that acts for another user keeps what it knows from that user's processes: commit_creds in Linux. */
function become(task: Task, next: Credentials): void {
  const {credentials: old, process} = task
  if (next.euid !== old.euid || next.egid !== old.egid || next.uid !== old.uid || next.gid !== old.gid) {
    process.attributes.isDumpable = false
    process.family.parentDeathSignal = 0
  }
  task.credentials = next
}
