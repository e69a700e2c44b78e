// RunOptions and RunResult: what one run of a guest program takes and gives. The contract with the commands.

import type {GdbAddress} from '../gdb/address.ts'
import type {JailChoice, JailLayer} from '../jail/layer.ts'
import type {CodeCache} from '../kept-code.ts'
import type {Network} from '../machine/connect-network.ts'
import type {ChosenPlatform, PlatformChoice} from '../platform/choice.ts'
import type {FasterPlatform} from '../platform/compare.ts'
import type {PatchChoice} from '../sentry/patch-choice.ts'
import type {Unveiled} from '../sentry/pledge/unveiled.ts'
import type {ProgramResult} from '../sentry/program-result.ts'
import type {TraceOptions} from '../sentry/trace/options.ts'
import type {Volume} from '../sentry/volume.ts'

export {MAX_ID} from '../abi/ids.ts'
export {type GdbAddress, parseGdbAddress} from '../gdb/address.ts'
export {RESET_STATUS} from '../machine/machine-result.ts'
export {MAX_CPUS} from '../platform/choice.ts'
export type {FasterPlatform} from '../platform/compare.ts'
export {PATCH_CHOICES, type PatchChoice} from '../sentry/patch-choice.ts'
export {MAX_TASKS} from '../sentry/task/pids.ts'

export interface RunOptions {
  /**
   * Without `root`: a host path with a slash in it; the command has already searched PATH. With `image`: what messages call it.
   * With `root`: a guest path, or a bare name that the sentry looks up in the PATH of `env`, inside the guest's tree.
   */
  program: string
  /** The arguments behind argv[0]; argv[0] is `program` as given. */
  args: string[]
  /** Host directory or tar archive that is the guest's `/`. Absolute. */
  root?: string
  /**
   * OCI image layout, a folder or a tar archive, that is the guest's `/` in place of `root`, and `:NAME` of one of its images. What
   * the image says of user, environment, directory and program holds where `entrypoint`, `args`, `givenEnv` and `cwd` say nothing.
   */
  image?: string
  /** With `image`: a program of it, in place of its entry point and its command. */
  entrypoint?: string
  /** With `image`: what of `env` the user gave. */
  givenEnv?: Record<string, string>
  /** Shows the program at its own path, with its interpreter and its libraries; without `root`. */
  withLibraries?: boolean
  volumes: Volume[]
  /** The guest's whole environment. */
  env: Record<string, string>
  /** Guest path, absolute; default `/`. */
  cwd?: string
  /** Guest memory in bytes, a multiple of 4096; default: the sentry's. */
  memoryBytes?: number
  /** CPUs of the guest, 1 to 8; default: what the host allows this process, at most 8. */
  cpus?: number
  /** How many processes and threads the guest may have at a time; default: 1,024. */
  maxTasks?: number
  /** Of one CPU, for all of the guest's processes together; default: all of the CPUs. */
  cpuQuotaPercent?: number
  /** Bytes that files in memory may hold; default: as many as the memory allows. */
  diskBytes?: number
  /** Which call sites are patched where traps cost much; default: those that trap often. */
  patchCalls?: PatchChoice
  /** Milliseconds until the guest is stopped; default: never. */
  timeoutMs?: number
  /** Milliseconds of CPU time, of the program with all its processes, until the guest is stopped; default: never. */
  cpuTimeoutMs?: number
  /** How this process ends should it not be back a second behind `timeoutMs`. `line`: on standard error. */
  ifStuck?: {status: number; line: string}
  platform: PlatformChoice
  /**
   * A kernel that a machine of its own boots, in place of a program, or for it where there is `root`, `image` or `withLibraries`: bzImage,
   * ELF vmlinux, or Image of arm64. Host path.
   */
  kernel?: string
  /** With `kernel`: its initramfs. Host path. */
  initrd?: string
  /** With `kernel`, for a program: the directory of its modules; default: the one that belongs to a kernel of its name. Host path. */
  modules?: string
  /** With `kernel`: it boots again when it resets its machine. */
  reboots?: boolean
  /** With `kernel`: what its network card's cable leads to. */
  net?: Network
  /** With `kernel`: its disks, raw images or block devices of the host. */
  disks?: {path: string; readOnly: boolean}[]
  /** With `kernel`: directories of the host that it can mount by their tags. */
  shares?: {path: string; tag: string; writable: boolean}[]
  /** With `kernel`: parameters behind those that hv gives it. */
  append?: string
  /** Where gdb is waited for before the first instruction: a machine's, if there is a `kernel`. A program's call sites are then left as they are. */
  gdb?: GdbAddress
  /**
   * Where the first process that dies with a core leaves it: a file of this host, emptied if it is there. A bare-metal guest's machine,
   * or that of a `kernel` without a program, is left if it does not end with status 0; with a program, if it panics or resets.
   */
  core?: string
  /** Forces what the program is taken for; default: what the file says. */
  machine?: 'linux' | 'bare'
  /** How the guest's system calls are shown: from the start if `isOn`, and when SIGUSR2 switches the trace on. */
  trace?: TraceOptions
  /** Prints the counters and times of `RunResult.stats`. */
  stats?: boolean | 'json'
  /** Called once if the guest makes this process hold much besides its memory. */
  onMuch?: () => void
  /** How this process is confined before it loads the program; default: `best`. */
  jail?: JailChoice
  /** As root: whom this process becomes. */
  dropTo?: {uid: number; gid: number}
  /** Directory of the cgroup v2 that this process goes into a child of; default: the one that it is in. Absolute. */
  cgroupParent?: string
  /** What V8 made of hv's own code, kept before there is a jail. */
  code?: CodeCache
  /** What the guest promises to keep to, from its first instruction: OpenBSD's names with spaces between them. */
  pledge?: string
  /** The only paths that the guest sees. */
  unveil?: Unveiled[]
  /** Finds out what the guest needs promised: `RunResult.promises`. Its standard output goes to this process's standard error. */
  suggestsPromises?: boolean
}

export interface RunResult extends ProgramResult {
  /** What `suggestsPromises` asked for: promises in OpenBSD's order, spaces between. */
  promises?: string
  /** What ran it, and why that. */
  platform?: ChosenPlatform
  /** What it ran in. */
  jail?: readonly JailLayer[]
  /** With `stats`: where the same traps would have taken less than half as long. */
  faster?: FasterPlatform | undefined
}

/** They say what the program's tree is. With `kernel`: it runs that program, and boots for nothing else. */
export function hasTree({root, image, withLibraries}: RunOptions): boolean {
  return root !== undefined || image !== undefined || withLibraries === true
}

/** What every guest finds in its environment; nothing else of the caller's goes in. */
export function guestEnvironment(terminal = 'dumb'): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: terminal,
  }
}
