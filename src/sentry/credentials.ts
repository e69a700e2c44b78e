// Credentials: who a task is: credentials(7). Replaced as a whole, never changed in place.

import type {Credentials as VfsCredentials} from '../vfs/file.ts'

/** What the vfs sees of it (`uid`, `gid`: the file system ids; `groups`; `privileged`), and the rest. */
export interface Credentials extends VfsCredentials {
  readonly ruid: number
  readonly euid: number
  readonly suid: number
  readonly rgid: number
  readonly egid: number
  readonly sgid: number
}
