// IpcPermission: who may do what to a System V object: sysvipc(7), struct ipc_perm.

import {CAP_IPC_OWNER, CAP_SYS_ADMIN, hasCapability} from '../../abi/capability.ts'
import {EACCES, EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {IPC_PERM_BYTES} from '../../abi/ipc.ts'
import {isMember} from '../../vfs/permissions.ts'
import type {Credentials} from '../core/credentials.ts'

/** What a call needs, in the bits of all classes: a call may ask for bits of several classes (ipc_perms of shmget). */
export const MAY_READ = 0o444
export const MAY_WRITE = 0o222
export const MAY_EXECUTE = 0o111

/** An identifier has a sequence number and an index, so that a removed one does not return soon. */
export const INDEX_BITS = 15

const PERMISSIONS = 0o777
const NOBODY = 0xffff_ffff

export class IpcPermission {
  /** IPC_PRIVATE: it is not found by a key. */
  key: number
  /** Assigned by the table. */
  id = -1
  uid: number
  gid: number
  readonly cuid: number
  readonly cgid: number
  /** Permission bits and, for segments, SHM_DEST and SHM_LOCKED. */
  mode: number

  constructor(key: number, mode: number, {euid, egid}: Credentials) {
    this.key = key
    this.mode = mode & PERMISSIONS
    this.uid = this.cuid = euid
    this.gid = this.cgid = egid
  }

  /** @param wanted mode bits of any class. @throws Errno EACCES */
  require(who: Credentials, wanted: number): void {
    const requested = (wanted >> 6) | (wanted >> 3) | wanted
    let granted = this.mode
    if (this.#isOwner(who)) granted >>= 6
    else if (isMember(this.cgid, who) || isMember(this.gid, who)) granted >>= 3
    if ((requested & ~granted & 7) === 0 || hasCapability(who.capabilities, CAP_IPC_OWNER)) return
    throw new Errno(EACCES)
  }

  /** IPC_SET and IPC_RMID. @throws Errno EPERM */
  requireOwner(who: Credentials): void {
    if (!this.#isOwner(who) && !hasCapability(who.capabilities, CAP_SYS_ADMIN)) throw new Errno(EPERM)
  }

  /** IPC_SET: owner, group and permission bits of a struct ipc64_perm. @throws Errno EINVAL */
  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, IPC_PERM_BYTES)
    const [uid, gid] = [view.getUint32(4, true), view.getUint32(8, true)]
    if (uid === NOBODY || gid === NOBODY) throw new Errno(EINVAL)
    this.uid = uid
    this.gid = gid
    this.mode = (this.mode & ~PERMISSIONS) | (view.getUint32(20, true) & PERMISSIONS)
  }

  /** Writes a struct ipc64_perm, at the start of IPC_STAT's result. */
  encode(view: DataView): void {
    const words = [this.key, this.uid, this.gid, this.cuid, this.cgid, this.mode]
    words.forEach((word, index) => {
      view.setUint32(4 * index, word, true)
    })
    view.setUint16(24, this.id >> INDEX_BITS, true)
  }

  #isOwner({euid}: Credentials): boolean {
    return euid === this.cuid || euid === this.uid
  }
}
