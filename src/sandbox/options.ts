// What a Sandbox takes and gives: the public shapes. requests.ts holds what it was given to them.

import type {JailChoice} from '../jail/layer.ts'
import type {PlatformChoice} from '../platform/choice.ts'
import type {PatchChoice} from '../sentry/patch-choice.ts'
import type {BrokenPledge} from '../sentry/pledge/broken-pledge.ts'
import type {RunStats, TimeLimit} from '../sentry/program-result.ts'
import type {StopSignal} from '../stop-signal.ts'
import type {SyscallHandlers} from './on-syscall.ts'

/** Where a sandbox's sentry runs: in a process of its own, or in a worker thread of this one. @see {@link SandboxOptions} */
export type Isolation = 'process' | 'thread'

/** A directory or a file of the host's that a guest sees. @see {@link SandboxOptions} */
export interface SandboxVolume {
  /** Host directory or file. */
  host: string
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Default: false, the guest gets EROFS. */
  writable?: boolean
}

/**
 * What a sandbox shows its programs, what it allows them, and what runs them. All are optional.
 *
 * @example
 * const options: SandboxOptions = {
 *   volumes: [{host: '/etc', guest: '/data', writable: false}],
 *   ...{memoryBytes: 64 << 20, cpus: 1, maxTasks: 20},
 *   ...{pledge: 'stdio rpath id', unveil: {'/data': 'r'}},
 *   ...{platform: 'auto', patchCalls: 'auto', isolation: 'process', jail: 'best'},
 * }
 * await using sandbox = await Sandbox.create(options)
 * console.log((await sandbox.run('/bin/busybox', ['cat', '/data/passwd'])).stdout.slice(0, 5)) // root:
 */
export interface SandboxOptions {
  /**
   * Host directory that is the guest's `/`, or a tar archive that has it, plain or by gzip. The guest's changes to it are kept in memory, for the sandbox's life; the
   * host's files stay as they are. Absent: an empty tree, and programs are host paths.
   */
  root?: string
  /**
   * OCI image layout, a folder or a tar archive, whose layers are the guest's `/` in place of `root`; `PATH:NAME` for one of several images.
   * Programs run as the image's user, in its environment and working directory, unless they are told otherwise.
   */
  image?: string
  /**
   * Shows a host program at its own path, with its interpreter and the libraries that it is linked with, and nothing else of the host: a
   * program that lies about what it needs sees shared libraries of its choice that this user may read, no other file. They are found
   * in the host's library folders alone, those that ld.so(8) has built in or configured: nothing that $ORIGIN or LD_LIBRARY_PATH
   * have outside of them, but with `isolation: 'thread'` or `jail: 'none'`. Not with `root` or `image`. What a program loads by
   * dlopen(3) it does not find. Default: false, the program alone, in
   * /bin, which does for static ones.
   */
  withLibraries?: boolean
  /** Directories and files of the host's, each at a path of the guest's. Default: none. */
  volumes?: readonly SandboxVolume[]
  /** Guest memory in bytes, 1 MiB to 4 GiB, files in memory included; default 512 MiB. The host gives what is touched. */
  memoryBytes?: number
  /** CPUs of the guest, 1 to 8. Default: what the host allows this process, at most 8. */
  cpus?: number
  /** How many processes and threads there may be at a time, 1 to 16,384; fork(2) then fails with EAGAIN. Default: 1,024. */
  maxTasks?: number
  /**
   * How much of one CPU all programs together get, in percent, 1 to 800: 50 is half a CPU, 150 one and a half. In each tenth of a second
   * they run until they have had it, and are held until the next one. Default: all of the CPUs.
   */
  cpuQuotaPercent?: number
  /**
   * Bytes that the files of all trees in memory may hold together (`/`, /tmp, /dev/shm and what a guest changes of `root` or `image`), 4096 or more;
   * writing more fails with ENOSPC. They hold one inode for each 4096 bytes, at least 1,024. Files in memory are a part of `memoryBytes`, and each tree
   * holds half of those at most. Volumes are the host's: writable ones are not counted. Default: as many as the memory allows.
   */
  diskBytes?: number
  /**
   * Where traps cost much, as on PVM hosts, call instructions of programs are replaced by jumps: `auto`, the default, those that trap
   * often; `always`, each at its first trap; `never`. A program that reads its own code sees the jumps.
   */
  patchCalls?: PatchChoice
  /** What runs the guests. `auto`, the default: KVM if it works here, else ptrace. */
  platform?: PlatformChoice
  /**
   * Where the sentry runs. `process`, the default: in one of its own, whose end (out of memory, `kill -9`) is an error of this sandbox,
   * SANDBOX_DIED, and which ends with the process that made it. `thread`: in a worker thread.
   */
  isolation?: Isolation
  /**
   * How the sandbox's process is confined before it reads a byte of a program's: `best`, the default, each layer that this host lets
   * it have (`sandbox.jail` tells); `required`, all of them or JAIL_INCOMPLETE; `none`. A thread has no jail. In a user's jail, files
   * that are not that user's belong to 65534: it has a user namespace.
   */
  jail?: JailChoice
  /**
   * As root: the user and the group that the process becomes once it has opened what it needs. Programs are that user's, and so are the
   * files that they can reach.
   */
  dropTo?: {uid: number; gid: number}
  /**
   * Directory of a cgroup v2 that has no process of its own, for a child of it: the sandbox's process goes there, and the host keeps
   * its limits, too. Default: the cgroup that this process is in, which does where that is the top of the tree. `sandbox.jail` tells.
   */
  cgroupParent?: string
  /**
   * Promises of OpenBSD's pledge(2), as a text with spaces between them or a list. Each program keeps to them from its first
   * instruction, or ends with SIGSYS. Default: everything is allowed.
   */
  pledge?: string | readonly string[]
  /**
   * The only paths that programs see, each with letters of `r` (read), `w` (write), `x` (execute), `c` (create and remove):
   * `{'/data': 'r', '/tmp': 'rwc'}`. What lies below a directory is seen with it. Default: all.
   */
  unveil?: Readonly<Record<string, string>>
  /**
   * Functions that are asked before a program makes the system calls of their names, which may fail them or give a result
   * in their place; `{before, after}`: `after` is told how the call ended. The calls that are not named cost nothing more.
   * Calls that a pledge forbids are not asked about.
   */
  onSyscall?: SyscallHandlers
}

/** How a program starts, and when it ends at the latest. @see {@link Sandbox.spawn}, {@link SandboxRunOptions} */
export interface SandboxSpawnOptions {
  /** Variables on top of PATH, HOME and TERM, and of the image's; nothing of this process's environment goes in. */
  env?: Readonly<Record<string, string>>
  /** Guest path, absolute; default `/`, or what the image says. */
  cwd?: string
  /** Stops the guest; `run` then rejects with an {@link AbortError}, which has what the program had written; so does `wait`. */
  signal?: StopSignal
  /** Milliseconds until the guest is killed. Default: never. */
  timeoutMs?: number
  /**
   * Milliseconds of CPU time until the guest is killed: of the program with all its processes, as the sentry counts it. Sleeping and
   * waiting cost nothing, two that run on two CPUs use it up twice as fast. Default: never.
   */
  cpuTimeoutMs?: number
  /**
   * The program's standard streams are one terminal of the guest's, /dev/pts/N, which controls its session; true: of 80 columns
   * and 24 rows. `stdin` is its keys: they are echoed, ^C is SIGINT, ^D an end of file, as the modes say that programs set. `stdout` is what it
   * shows, what goes to standard error too; `stderr` is empty. Default: false, three pipes.
   */
  pty?: boolean | SandboxTerminal
}

/**
 * A terminal's size, in characters, 1 to 65,535 each.
 *
 * @see {@link SandboxTerminal}
 */
export interface SandboxTerminalSize {
  /** Default: 80. */
  columns: number
  /** Default: 24. */
  rows: number
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
   * Standard input; strings go as UTF-8. Default: empty. A stream (a Readable, a ReadableStream, an async generator) is read as the
   * program reads: some MiB of it wait, at most. If it fails, the program is killed and `run` rejects with what it threw. What
   * the program leaves of it is destroyed, as by a `break` out of its loop.
   */
  stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array>
  /** Bound for standard output and for standard error, in bytes each; default 64 MiB. Behind it the guest gets ENOSPC. */
  maxOutputBytes?: number
  /** `buffer`: output as bytes. Default: as text, from UTF-8. */
  encoding?: 'utf8' | 'buffer'
}

/** Whose lines, and how long they may be. @see {@link SandboxProcess.lines} */
export interface SandboxLinesOptions {
  /** Default: `stdout`. */
  from?: 'stdout' | 'stderr'
  /** Bytes of a line, 1 to 2 GiB; default 1 MiB. A longer one ends the loop with LINE_TOO_LONG. */
  maxLineBytes?: number
}

/** What a trace tells, and how much of it. Sets of names are those of strace's -e. @see {@link Sandbox.startTrace} */
export interface SandboxTraceOptions {
  /** Names, `%classes` and `/regular expressions` of system calls, separated by commas; `!` in front: all others. Default: all. */
  calls?: string
  /** Names of signals: `SIGINT,SIGTERM`. Default: all. */
  signals?: string
  /** Of `successful`, `failed`, `unfinished` and `detached`. Default: all. */
  statuses?: string
  /** Bytes of a string, elements of an array; default 32. */
  stringLimit?: number
  /** Each descriptor with what it leads to: `3</etc/passwd>`. */
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
  /** It was killed after `timeoutMs` or `cpuTimeoutMs`; what it had written until then is here. */
  timedOut: boolean
  /** Which of the two: `time` or `cpu-time`. Absent: it did not time out. */
  timedOutBy?: TimeLimit
  /** It was killed because `memoryBytes` were full, and of the programs at once it held most: `signal` is `SIGKILL`. */
  outOfMemory: boolean
  /** It was killed by SIGSYS for what it had not promised: what that was. */
  broken?: BrokenPledge
  /** Calls that it made and hv refuses on purpose, ENOSYS: how often, by name. Absent: none. */
  refused?: Readonly<Record<string, number>>
  /** Counters and times by name; names of times end in `Ns`, nanoseconds. */
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
