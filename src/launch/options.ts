// RunOptions and RunResult: what one run of a guest program takes and returns. The contract with the commands.

import type {GdbAddress} from '../gdb/address.ts'
import type {UnpackProgress} from '../image/unread.ts'
import type {JailChoice, JailLayer} from '../jail/layer.ts'
import type {CodeCache} from '../kept-code.ts'
import type {Network} from '../machine/kernel/connect-network.ts'
import type {ChosenPlatform, PlatformChoice} from '../platform/choice.ts'
import type {FasterPlatform} from '../platform/compare.ts'
import type {PatchChoice} from '../sentry/call/patch-choice.ts'
import type {ProgramResult} from '../sentry/outside/program-result.ts'
import type {TmpfsMount, Volume} from '../sentry/outside/volume.ts'
import type {Unveiled} from '../sentry/pledge/unveiled.ts'
import type {TraceOptions} from '../sentry/trace/options.ts'

export {MAX_ID} from '../abi/ids.ts'
export {type GdbAddress, parseGdbAddress} from '../gdb/address.ts'
export type {UnpackProgress} from '../image/unread.ts'
export {RESET_STATUS} from '../machine/machine-result.ts'
export {MAX_CPUS} from '../platform/choice.ts'
export type {FasterPlatform} from '../platform/compare.ts'
export {PATCH_CHOICES, type PatchChoice} from '../sentry/call/patch-choice.ts'
export {MAX_TASKS} from '../sentry/task/pids.ts'

export interface RunOptions {
  /**
   * Without `root`: a host path with a slash in it; the command has already searched PATH. With `image`: the name for messages.
   * With `root`: a guest path, or a bare name that the sentry looks up in the PATH of `env`, inside the guest's tree.
   */
  program: string
  /** The arguments after argv[0]; argv[0] is `program` as given. */
  args: string[]
  /** Host directory or tar archive that becomes the guest's `/`. Absolute. */
  root?: string
  /**
   * OCI image layout, or what `docker save` wrote, a folder or a tar archive, that becomes the guest's `/` in place of `root`; `:NAME` selects one of its images. The
   * image's user, environment, directory and program apply where `entrypoint`, `args`, `givenEnv` and `cwd` say nothing.
   */
  image?: string
  /** With `image`: one of its programs, which replaces its entry point and its command. */
  entrypoint?: string
  /** The part of `env` that the user gave. */
  givenEnv?: Record<string, string>
  /** Shows the program at its own path, with its interpreter and its libraries; only without `root`. */
  withLibraries?: boolean
  volumes: Volume[]
  /** Empty file systems in memory, by their places in the guest. */
  tmpfs?: TmpfsMount[]
  /** The guest may not write to `/`: only to volumes that are writable, and to file systems in memory. */
  readOnly?: boolean
  /** The guest's whole environment. */
  env: Record<string, string>
  /** Guest path, absolute; default `/`. */
  cwd?: string
  /** The guest's host name; default: `hv`. */
  hostname?: string
  /** Guest memory in bytes, a multiple of 4096; default: the sentry's. */
  memoryBytes?: number
  /** CPUs of the guest, 1 to 8; default: what the host allows this process, at most 8; with a kernel: 1. */
  cpus?: number
  /** How many processes and threads the guest may have at a time; default: 1,024. */
  maxTasks?: number
  /** Percent of one CPU, for all of the guest's processes together; default: all of the CPUs. */
  cpuQuotaPercent?: number
  /** Bytes that in-memory files may hold; default: as many as the memory allows. */
  diskBytes?: number
  /** Bytes that a compressed `root` or `image` may take unpacked, in this host's TMPDIR; default: 8 GiB. */
  unpackBytes?: number
  /** Called again and again while a root or an image is unpacked; the guest has not started. */
  onUnpack?: (progress: UnpackProgress) => void
  /** Called when nothing is left to unpack. */
  onRead?: () => void
  /** Which call sites are patched where traps cost much; default: those that trap often. */
  patchCalls?: PatchChoice
  /** Milliseconds until the guest is stopped; default: never. */
  timeoutMs?: number
  /** Milliseconds of CPU time, over all of the program's processes, until the guest is stopped; default: never. */
  cpuTimeoutMs?: number
  /** How this process ends if it has not returned a second after `timeoutMs`. `line`: on standard error. */
  ifStuck?: {status: number; line: string}
  platform: PlatformChoice
  /**
   * A kernel that boots in its own machine: in place of a program, or to run one if there is `root`, `image` or `withLibraries`. A bzImage,
   * ELF vmlinux, or Image of arm64. Host path.
   */
  kernel?: string
  /** With `kernel`: its initramfs. Host path. */
  initrd?: string
  /** With `kernel`, for a program: the directory of its modules; default: the one that belongs to a kernel with its name. Host path. */
  modules?: string
  /** With `kernel`: boots again when the kernel resets its machine. */
  reboots?: boolean
  /** With `kernel`: the other end of its network card's cable. */
  net?: Network
  /** With `kernel`: its disks, raw images or host block devices. */
  disks?: {path: string; readOnly: boolean}[]
  /** With `kernel`: host directories that it can mount by their tags. */
  shares?: {path: string; tag: string; writable: boolean}[]
  /** With `kernel`: parameters after hv's own. */
  append?: string
  /** Where gdb is waited for before the first instruction: the machine's, if there is a `kernel`. A program's call sites stay unpatched. */
  gdb?: GdbAddress
  /**
   * Host file for the core of the first process that dies with one, emptied if it exists. A bare-metal guest's machine,
   * or that of a `kernel` without a program, is left there if it does not end with status 0; with a program, if it panics or resets.
   */
  core?: string
  /** Forces how the program is treated; default: as its file says. */
  machine?: 'linux' | 'bare'
  /** How the guest's system calls are shown: from the start if `isOn`, and when SIGUSR2 switches the trace on. */
  trace?: TraceOptions
  /** Prints the counters and times of `RunResult.stats`. */
  stats?: boolean | 'json'
  /** Called once if the guest makes this process hold much more than its memory. */
  onMuch?: () => void
  /** How this process is confined before it loads the program; default: `best`. */
  jail?: JailChoice
  /**
   * Whom the guest's programs run as: `USER[:GROUP]`, by number, or by a name in the /etc/passwd of `root` or `image`; default: whom the
   * image names, or the user who runs hv.
   */
  user?: string
  /** As root: the user that this process becomes. */
  dropTo?: {uid: number; gid: number}
  /** Directory of the cgroup v2 in which this process gets a child cgroup; default: its present one. Absolute. */
  cgroupParent?: string
  /** V8's compiled form of hv's own code, kept before there is a jail. */
  code?: CodeCache
  /** The guest's promises, from its first instruction: OpenBSD's names, separated by spaces. */
  pledge?: string
  /** The only paths that the guest sees. */
  unveil?: Unveiled[]
  /** Finds out which promises the guest needs: `RunResult.promises`. Its standard output goes to this process's standard error. */
  suggestsPromises?: boolean
}

export interface RunResult extends ProgramResult {
  /** What `suggestsPromises` asked for: promises in OpenBSD's order, separated by spaces. */
  promises?: string
  /** The platform that ran it, and why. */
  platform?: ChosenPlatform
  /** The layers of the jail that it ran in. */
  jail?: readonly JailLayer[]
  /** With `stats`: the platform on which the same traps would have taken less than half as long. */
  faster?: FasterPlatform | undefined
}

/** Whether the options give the program's tree. With `kernel`: it then runs that program, and boots for nothing else. */
export function hasTree({root, image, withLibraries}: RunOptions): boolean {
  return root !== undefined || image !== undefined || withLibraries === true
}

/** Every guest's environment; nothing else of the caller's is passed on. */
export function guestEnvironment(terminal = 'dumb'): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: terminal,
  }
}
