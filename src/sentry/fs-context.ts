// FsContext: where a task's paths start, and its umask. CLONE_FS shares it.

import type {Location} from '../vfs/location.ts'

export interface FsContext {
  root: Location
  cwd: Location
  umask: number
}
