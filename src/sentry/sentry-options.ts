// What a sentry is to be, and what a program in it: SentryOptions, ProgramOptions.

import type {FileDescription} from '../vfs/file.ts'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import type {HostSource} from '../vfs/fs/host-source.ts'
import type {User} from './credentials.ts'
import type {HostProgram} from './host-program.ts'
import type {Executable} from './open-executable.ts'
import type {PatchChoice} from './patch-choice.ts'
import type {ShowProgram} from './shown-programs.ts'
import type {Task} from './task.ts'
import type {Terminal} from './tty/terminal.ts'
import type {OpenedVolume} from './volume.ts'

export interface SentryOptions {
  /** Host directory that is the guest's `/`; without `lower`. */
  root?: string | HostSource
  /** In place of `root`: what lies below the overlay. It is the sentry's from here on. */
  lower?: ArchiveFs
  /** Whom programs run as; default: the user who runs hv. */
  user?: User
  volumes: readonly OpenedVolume[]
  /** What is shown of a program of the host's; default: its file, in /bin. */
  showProgram?: ShowProgram
  /** A descriptor of the host's terminal that becomes the guest's: /dev/pts/0 and /dev/tty. */
  terminal?: number
  /** How many tasks there may be at a time; default: 1,024. */
  maxTasks?: number
  /** Of one CPU, for all programs together; default: all of the CPUs. */
  cpuQuotaPercent?: number
  /** Bytes that files in memory may hold; default: as many as the memory allows. */
  diskBytes?: number
  /** Default: `auto`. */
  patchCalls?: PatchChoice
  /** Whom this process becomes, and so programs are; default: who it is. */
  dropTo?: {uid: number; gid: number}
}

export interface ProgramOptions {
  /** A guest path, a bare name for the guest's PATH, or what `onHost` was called. */
  program: string
  /** A file of the host's that the guest shall see as the program. It becomes the sentry's, whatever comes of it. */
  onHost?: HostProgram
  /** In place of what these two name: open already. It becomes the sentry's, which gives its references back. */
  executable?: Executable
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd?: string
  /** Default: 022. */
  umask?: number
  /** -20 to 19; default: 0. */
  nice?: number
  /** Descriptors 0, 1 and 2. Absent ones are closed; what is there more than once, they share. */
  streams: readonly (FileDescription | undefined)[]
  /** Controls its session from the start. */
  terminal?: Terminal
  /** Called before the program's first instruction: what it throws, `load` throws. */
  restrict?: (task: Task) => void
}
