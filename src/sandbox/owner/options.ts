// What a Sandbox takes and gives: the public shapes. requests.ts holds what it was given to them.

import type {JailChoice} from '../../jail/layer.ts'
import type {PlatformChoice} from '../../platform/choice.ts'
import type {PatchChoice} from '../../sentry/call/patch-choice.ts'
import type {RunStats, TimeLimit} from '../../sentry/outside/program-result.ts'
import type {BrokenPledge} from '../../sentry/pledge/broken-pledge.ts'
import type {StopSignal} from '../../stop-signal.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import type {SyscallHandlers} from './on-syscall.ts'

/** Where a sandbox's sentry runs: in a process of its own, or in a worker thread of this one. @see {@link SandboxOptions} */
export type Isolation = 'process' | 'thread'

/** A host directory or file that a guest sees. @see {@link SandboxOptions} */
export interface SandboxVolume {
  /** Host directory or file. */
  host: string
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Default: false; writes fail with EROFS. */
  writable?: boolean
}

/** An empty directory of a guest, in memory. @see {@link SandboxOptions} */
export interface SandboxTmpfs {
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Bytes that its files may hold. Default: half of `memoryBytes`, as on Linux; `diskBytes` counts them too. */
  maxBytes?: number
  /** Permission bits. Default: `0o1777`. */
  mode?: number
}

/**
 * What a sandbox shows its programs, what it allows them, and what runs them. All are optional.
 *
 * @example
 * const options: SandboxOptions = {
 *   volumes: [{host: '/etc', guest: '/data', writable: false}],
 *   tmpfs: [{guest: '/tmp', maxBytes: 1 << 20}],
 *   ...{readOnly: true, memoryBytes: 64 << 20, cpus: 1, maxTasks: 20},
 *   ...{pledge: 'stdio rpath id', unveil: {'/data': 'r'}},
 *   ...{platform: 'auto', patchCalls: 'auto', isolation: 'process', jail: 'best'},
 * }
 * await using sandbox = await Sandbox.create(options)
 * console.log((await sandbox.run('/bin/busybox', ['cat', '/data/passwd'])).stdout.slice(0, 5)) // root:
 */
export interface SandboxOptions {
  /**
   * Host directory to show as the guest's `/`, or a tar archive of it, plain or gzipped. The guest's changes are kept in memory for the
   * sandbox's life; the host's files stay as they are. Absent: an empty tree, and programs are host paths.
   */
  root?: string
  /**
   * OCI image layout, or what `docker save` wrote, a folder or a tar archive, whose layers are the guest's `/` in place of `root`; `PATH:NAME` for one of several
   * images. Programs run as the image's user, in its environment and working directory, unless told otherwise.
   */
  image?: string
  /**
   * Shows a host program at its own path, with its interpreter and the libraries that it is linked with, and nothing else of the host. A
   * program that lies about what it needs sees shared libraries of its choice that this user may read, and no other file. Libraries are
   * looked up only in the host's library folders, those that ld.so(8) has built in or configured. What $ORIGIN or LD_LIBRARY_PATH name
   * outside them is found only with `isolation: 'thread'` or `jail: 'none'`. Not with `root` or `image`. A program does not find what it
   * loads with dlopen(3). Default: false, only the program, in /bin, which is enough for static ones.
   */
  withLibraries?: boolean
  /** Host directories and files, each at a guest path. Default: none. */
  volumes?: readonly SandboxVolume[]
  /** Empty directories in memory, each at a guest path. Default: none besides /dev/shm. */
  tmpfs?: readonly SandboxTmpfs[]
  /**
   * The guest's `/` is read-only: programs, and `sandbox.files`, write only to `volumes` that are writable, to `tmpfs` and /dev/shm. /tmp
   * belongs to `/`: `tmpfs: [{guest: '/tmp'}]` makes it writable. Default: false.
   */
  readOnly?: boolean
  /**
   * The host name that programs see, in uname(2) for example: 1 to 64 letters, digits, hyphens and dots. Default: `hv`. The host's own is
   * not shown.
   */
  hostname?: string
  /** Guest memory in bytes, 1 MiB to 4 GiB, files in memory included; default 512 MiB. The host backs only what is touched. */
  memoryBytes?: number
  /** CPUs of the guest, 1 to 8. Default: as many as the host allows this process, at most 8. */
  cpus?: number
  /** How many processes and threads there may be at a time, 1 to 16,384; beyond that, fork(2) fails with EAGAIN. Default: 1,024. */
  maxTasks?: number
  /**
   * How much of one CPU all programs together get, in percent, 1 to 800: 50 is half a CPU, 150 one and a half. In each tenth of a second
   * they run until they have used it up, and then wait for the next. Default: all of the CPUs.
   */
  cpuQuotaPercent?: number
  /**
   * Bytes that the files of all trees in memory may hold together (`/`, /tmp, /dev/shm and what a guest changes of `root` or `image`), 4096
   * or more; writing more fails with ENOSPC. The trees hold one inode for each 4096 bytes, and at least 1,024. Files in memory count
   * towards `memoryBytes`, and each tree holds half of that at most. Writable volumes are the host's and do not count. Default: as many as
   * the memory allows.
   */
  diskBytes?: number
  /**
   * Bytes of the host's TMPDIR that a compressed `root` or `image` may take unpacked, while the sandbox lives; one that takes more is a
   * BAD_ARGUMENT. Default: 8 GiB.
   */
  unpackBytes?: number
  /**
   * Where traps are slow, as on PVM hosts, call instructions of programs are replaced with jumps. `auto`, the default: those that trap
   * often; `always`: each at its first trap; `never`: none. A program that reads its own code sees the jumps.
   */
  patchCalls?: PatchChoice
  /** What runs the guests. `auto`, the default: KVM if it works here, else ptrace. */
  platform?: PlatformChoice
  /**
   * Where the sentry runs. `process`, the default: in a process of its own, which ends with the process that made it. If it dies (out of
   * memory, `kill -9`), that is an error of this sandbox, SANDBOX_DIED. `thread`: in a worker thread.
   */
  isolation?: Isolation
  /**
   * How the sandbox's process is confined before it reads a byte of a program. `best`, the default: each layer that this host lets it have
   * (`sandbox.jail` lists them); `required`: all that it has, or JAIL_INCOMPLETE; `none`: no layer. A thread has no jail. A user's jail has a
   * user namespace, in which files that are not that user's belong to 65534.
   */
  jail?: JailChoice
  /**
   * Whom programs run as: `USER[:GROUP]`, each by number, or by a name that the /etc/passwd or /etc/group of `root` or `image` has. On
   * volumes it has the rights of this process's user at most. HOME is this user's. Default: the image's user, or else this process's.
   */
  user?: string
  /**
   * As root: the user and the group that the process becomes once it has opened what it needs. Programs run as that user, and reach files
   * as that user does.
   */
  dropTo?: {uid: number; gid: number}
  /**
   * Directory of a cgroup v2 that has no process of its own. The sandbox's process goes into a child of it, and the host enforces its
   * limits too. One that takes no child is a BAD_ARGUMENT. Default: the cgroup that this process is in, which works where that is the top
   * of the tree; `sandbox.jail` says whether it worked.
   */
  cgroupParent?: string
  /**
   * Promises of OpenBSD's pledge(2), as a list or as a string with spaces between them. Each program keeps to them from its first
   * instruction, or ends with SIGSYS. Default: everything is allowed.
   */
  pledge?: string | readonly string[]
  /**
   * The only paths that programs see, each with letters of `r` (read), `w` (write), `x` (execute), `c` (create and remove):
   * `{'/data': 'r', '/tmp': 'rwc'}`. A directory includes everything below it. Default: all.
   */
  unveil?: Readonly<Record<string, string>>
  /**
   * Functions by the names of system calls. Each is asked before a program makes its call, and may fail the call or give a result in its
   * place. `{before, after}`: `after` is told how the call ended. Calls without a function cost nothing more. Calls that a pledge forbids
   * are not asked about.
   */
  onSyscall?: SyscallHandlers
}

/** How a program starts, and when it must end. @see {@link Sandbox.spawn}, {@link SandboxRunOptions} */
export interface SandboxSpawnOptions {
  /** Variables in addition to PATH, HOME and TERM, and to the image's; nothing of this process's environment is passed on. */
  env?: Readonly<Record<string, string>>
  /** Guest path, absolute; default `/`, or what the image says. */
  cwd?: string
  /** Stops the guest. `run` and `wait` then reject with an {@link AbortError}, which has what the program had written. */
  signal?: StopSignal
  /** Milliseconds until the guest is killed. Default: 0, never. */
  timeoutMs?: number
  /**
   * Milliseconds of CPU time, of the program and all its processes, until the guest is killed. The sentry counts it: sleeping and waiting
   * cost nothing, and two processes on two CPUs use it up twice as fast. Default: 0, never.
   */
  cpuTimeoutMs?: number
  /**
   * The program's standard streams are one guest terminal, /dev/pts/N, which controls its session; true: with 80 columns and 24 rows.
   * `stdin` is its keys: they are echoed, ^C is SIGINT and ^D an end of file, according to the modes that programs set. `stdout` is what it
   * shows, standard error included; `stderr` is empty. Default: false, three pipes.
   */
  pty?: boolean | SandboxTerminal
}

/**
 * A terminal for a program.
 *
 * @example
 * const pty: SandboxTerminal = {columns: 120, rows: 40, name: 'vt100'}
 * const child = sandbox.spawn('/bin/busybox', ['sh', '-c', 'echo $TERM; stty size'], {pty})
 * for await (const line of child) console.log(line) // vt100, 40 120
 */
export interface SandboxTerminal extends Partial<SandboxTerminalSize> {
  /** TERM, if `env` has none: default `xterm`, or what the image says. */
  name?: string
}

/**
 * How a program starts, what it reads, and how what it writes comes back.
 *
 * @example
 * const script = 'cd; pwd; echo $NAME; wc -c'
 * const options: SandboxRunOptions = {env: {NAME: 'me', HOME: '/tmp'}, stdin: 'hello', timeoutMs: 60_000}
 * console.log((await sandbox.run('/bin/busybox', ['sh', '-c', script], options)).stdout) // /tmp me 5
 */
export interface SandboxRunOptions extends Omit<SandboxSpawnOptions, 'pty'> {
  /**
   * Standard input; strings are sent as UTF-8. Default: empty. A stream (a Readable, a ReadableStream, an async generator) is read as the
   * program reads: some MiB of it wait, at most. If it fails, the program is killed and `run` rejects with what the stream threw. If the
   * program does not read all of it, the rest is destroyed, as by a `break` out of its loop.
   */
  stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array>
  /**
   * Limit for standard output and for standard error, in bytes each; default 64 MiB, at most 2 GiB, or as text what fits a string: half a
   * GiB. Beyond it the guest gets ENOSPC.
   */
  maxOutputBytes?: number
  /** `buffer`: output as bytes. Default: as text, from UTF-8. */
  encoding?: 'utf8' | 'buffer'
}

/** Which stream's lines, and how long they may be. @see {@link SandboxProcess.lines} */
export interface SandboxLinesOptions {
  /** Default: `stdout`. */
  from?: 'stdout' | 'stderr'
  /** Bytes of a line, at least 1, at most what fits a string: half a GiB; default 1 MiB. A longer one ends the loop with LINE_TOO_LONG. */
  maxLineBytes?: number
}

/** What a trace reports, and how much of it. Sets of names are written as for strace's -e. @see {@link Sandbox.startTrace} */
export interface SandboxTraceOptions {
  /** Names, `%classes` and `/regular expressions` of system calls, separated by commas; `!` in front: all others. Default: all. */
  calls?: string
  /** Names of signals: `SIGINT,SIGTERM`. Default: all. */
  signals?: string
  /** Any of `successful`, `failed`, `unfinished` and `detached`. Default: all. */
  statuses?: string
  /** How many bytes of a string and elements of an array to show; default 32. */
  stringLimit?: number
  /** Shows what each descriptor leads to: `3</etc/passwd>`. */
  showsPaths?: boolean
}

/**
 * How a program ended. Exactly one of `exitCode` and `signal` is set, or neither after a time-out.
 *
 * @example
 * const child = sandbox.spawn('/bin/busybox', ['sleep', '100'], {timeoutMs: 100})
 * const {exitCode, signal, timedOut, outOfMemory}: SandboxExit = await child.wait()
 * console.log(exitCode, signal, timedOut, outOfMemory) // null null true false
 */
export interface SandboxExit {
  /** 0 to 255; null after a signal or a time-out. */
  exitCode: number | null
  /** The name of the signal that killed it: `SIGSEGV`. */
  signal: string | null
  /** It was killed after `timeoutMs` or `cpuTimeoutMs`; what it had written by then is kept. */
  timedOut: boolean
  /** Which of the two: `time` or `cpu-time`. Absent: it did not time out. */
  timedOutBy?: TimeLimit
  /** It was killed because `memoryBytes` were used up and it held the most of all running programs: `signal` is `SIGKILL`. */
  outOfMemory: boolean
  /** The call that it had not promised, if SIGSYS killed it for one. */
  broken?: BrokenPledge
  /**
   * How often it made calls that hv refuses on purpose with ENOSYS, by name, and `socket` for a network, which hv gives to no program.
   * Absent: none.
   */
  refused?: Readonly<Record<string, number>>
  /** Counters and times by name; times end in `Ns` and are nanoseconds. */
  stats: RunStats
}

/**
 * How a program ended, with what it wrote.
 *
 * @example
 * const {stdout, outputTruncated} = await sandbox.run('/bin/busybox', ['seq', '1000'], {maxOutputBytes: 4})
 * console.log([stdout, outputTruncated]) // [ '1\n2\n', true ]
 */
export interface SandboxResult<Output = string> extends SandboxExit {
  /** A string, or bytes where `encoding` is `buffer`. */
  stdout: Output
  stderr: Output
  /** The program wrote more than `maxOutputBytes`. */
  outputTruncated: boolean
}
