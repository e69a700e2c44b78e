// What a sentry shall be, and a program in it: SentryOptions, ProgramOptions.

import type {BrokerLink} from '../../broker/protocol.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {ArchiveFs} from '../../vfs/fs/archive.ts'
import type {HostSource} from '../../vfs/fs/host-source.ts'
import type {Host} from '../../vfs/host.ts'
import type {PatchChoice} from '../call/patch-choice.ts'
import type {User} from '../core/credentials.ts'
import type {NetRate} from '../core/net-rate.ts'
import type {Task} from '../core/task.ts'
import type {Executable} from '../exec/open-executable.ts'
import type {Terminal} from '../tty/terminal.ts'
import type {HostProgram} from './host-program.ts'
import type {ServiceName} from './net/services.ts'
import type {ShowProgram} from './shown-programs.ts'
import type {OpenedVolume, TmpfsMount} from './volume.ts'

export interface SentryOptions {
  /** Where time, random bytes and files come from; default: the host that hv runs on. */
  host?: Host
  /** Host directory that is the guest's `/`; without `lower`. */
  root?: string | HostSource
  /** In place of `root`: what lies below the overlay. It belongs to the sentry from here on. */
  lower?: ArchiveFs
  /** The user that programs run as; default: the user who runs hv. */
  user?: User
  volumes: readonly OpenedVolume[]
  /** Default: none besides /dev/shm. */
  tmpfs?: readonly TmpfsMount[]
  /** The guest cannot write to its root, only to volumes and tmpfs. */
  readOnly?: boolean
  /** What is shown of a host program; default: its file, in /bin. */
  showProgram?: ShowProgram
  /** A descriptor of the host's terminal, which becomes the guest's: /dev/pts/0 and /dev/tty. */
  terminal?: number
  /** What leads out of the sandbox; absent: nothing does. It stays the caller's. */
  broker?: BrokerLink
  /** Through the broker's sockets; default: unlimited. */
  netRate?: NetRate
  /** uname(2)'s nodename; default: `hv`. */
  hostname?: string
  /** Names that the embedder answers: they are in /etc/hosts. `Services` has their listeners. */
  services?: readonly ServiceName[]
  /** How many tasks there may be at a time; default: 1,024. */
  maxTasks?: number
  /** How many descriptors each process may have at most; default: 1,024, which it may raise. */
  maxOpenFiles?: number
  /** Percent of one CPU, for all programs together; default: all of the CPUs. */
  cpuQuotaPercent?: number
  /** Bytes that files in memory may hold; default: as many as the memory allows. */
  diskBytes?: number
  /** Default: `auto`. */
  patchCalls?: PatchChoice
  /** The user that this process becomes, and programs run as; default: the present one. */
  dropTo?: {uid: number; gid: number}
}

export interface ProgramOptions {
  /** A guest path, a bare name for the guest's PATH, or what `onHost` was called. */
  program: string
  /** A host file that the guest shall see as the program. It becomes the sentry's, even on failure. */
  onHost?: HostProgram
  /** In place of these two: already open. It becomes the sentry's, which drops its references. */
  executable?: Executable
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd?: string
  /** Default: 022. */
  umask?: number
  /** -20 to 19; default: 0. */
  nice?: number
  /** personality(2)'s; default: 0. */
  personality?: number
  /** Descriptors 0, 1 and 2. Absent ones are closed; equal ones share a description. */
  streams: readonly (FileDescription | undefined)[]
  /** Controls its session from the start. */
  terminal?: Terminal
  /** PR_SET_NO_NEW_PRIVS: no set-user-ID or set-group-ID bit has an effect. */
  noNewPrivileges?: boolean
  /** Called before the program's first instruction: if it throws, so does `load`. */
  restrict?: (task: Task) => void
}
