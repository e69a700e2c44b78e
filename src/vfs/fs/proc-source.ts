// ProcSource: what procfs asks of the kernel that it shows. The sentry implements it; procfs formats the answers.

import type {Capabilities} from '../../abi/capability.ts'
import type {ByteString, FileDescription, Time} from '../file.ts'
import type {HostRandom} from '../host.ts'
import type {Location, Mount} from '../location.ts'
import type {NetTexts} from './proc-net.ts'
import type {ReadPagemap} from './proc-pagemap.ts'
import type {SysvIpcSource} from './proc-sysvipc.ts'

export interface ProcSource {
  /** Process ids in ascending order, with zombies. */
  pids(): readonly number[]
  /** A process as seen by one of its tasks, by the task's id; the first task's id is the process's. Undefined: there is none. */
  process(tid: number): ProcProcess | undefined
  /** The caller, for /proc/self and /proc/thread-self. */
  readonly current: {readonly pid: number; readonly tid: number; readonly root: Location}
  /** The tree that /proc/mounts shows. */
  readonly rootMount: Mount
  hostname(): ByteString
  setHostname(name: ByteString): void
  /** /proc/sys/vm/memfd_noexec. */
  readonly memfdNoexec: number
  /** @throws Errno EPERM */
  setMemfdNoexec(value: number): void
  /** uname(2)'s release, version and machine. */
  readonly release: ByteString
  readonly version: ByteString
  readonly machine: ByteString
  /** /proc/cpuinfo in the architecture's format: a paragraph for each CPU. */
  cpuinfo(): ByteString
  readonly cpuCount: number
  memory(): {totalBytes: number; freeBytes: number}
  readonly random: HostRandom
  /** Page faults of all processes so far. */
  readonly faults: number
  /** Seconds since the machine started, and when it started. */
  uptime(): {seconds: number; began: Time}
  activity(): ProcActivity
  readonly maxPid: number
  /** What a process may raise its limit on descriptors to. */
  readonly maxOpenFiles: number
  readonly ipc: SysvIpcSource
  readonly netTexts: NetTexts
  /** The greatest number of tasks. */
  readonly maxTasks: number
}

/** What the guest's CPUs do, and have done since the sandbox started. */
export interface ProcActivity {
  /** By CPU. */
  readonly busySeconds: readonly number[]
  /** How often tasks have given up their CPU. */
  readonly switches: number
  /** Tasks started so far. */
  readonly started: number
  /** Tasks that run or wait for a CPU, and all tasks. */
  readonly running: number
  readonly tasks: number
  /** Averages over one, five and fifteen minutes. */
  readonly loads: readonly [number, number, number]
  readonly lastPid: number
}

/** One process, as seen by task `tid`. Texts are as Linux formats them; byte strings of the program are raw. */
export interface ProcProcess {
  readonly pid: number
  readonly tid: number
  /** False: it is a zombie. */
  readonly hasMemory: boolean
  readonly parentPid: number
  /** The process that traces the task; 0: none. */
  readonly tracer: number
  readonly job: {readonly group: number; readonly session: number}
  /** The controlling terminal. */
  readonly terminal: {readonly device: number; readonly foregroundGroup: number} | undefined
  /** comm: at most 15 bytes. */
  readonly name: ByteString
  /** The task's state: R, S, D, T, Z. */
  readonly state: string
  readonly uids: readonly [real: number, effective: number, saved: number, fileSystem: number]
  readonly gids: readonly [real: number, effective: number, saved: number, fileSystem: number]
  readonly groups: readonly number[]
  readonly capabilities: {
    effective: Capabilities
    permitted: Capabilities
    inheritable: Capabilities
    bounding: Capabilities
    ambient: Capabilities
  }
  /** A zombie has none. */
  readonly fs: {readonly umask: number; readonly cwd: Location; readonly root: Location} | undefined
  /** A zombie's is empty. */
  readonly program: {
    readonly argv: readonly ByteString[]
    readonly envp: readonly ByteString[]
    readonly auxv: Uint8Array
    readonly executable: Location | undefined
  }
  /** In ascending order; with the first task's, even if it has ended before others. */
  readonly tids: readonly number[]
  readonly childPids: readonly number[]
  readonly memory: {
    virtualBytes: number
    residentBytes: number
    peakBytes: number
    dataBytes: number
    lockedBytes: number
  }
  /** Of the task, of all tasks of the process, and of its children that were waited for. */
  readonly cpuSeconds: {readonly task: number; readonly process: number; readonly children: number}
  /** The part of them that the sentry spent on their calls and faults. */
  readonly systemSeconds: {readonly task: number; readonly process: number; readonly children: number}
  /** Minor ones. */
  readonly faults: {readonly process: number; readonly children: number}
  readonly startedSeconds: number
  /** How the task is scheduled: SCHED_*, nice value, the CPU it was on last, the CPUs that it may use. */
  readonly scheduling: {policy: number; nice: number; cpu: number; allowed: bigint}
  /** How often it gave up its CPU: to sleep, or at the end of its slice. */
  readonly switches: {voluntary: number; forced: number}
  /** The signal that its end sends to its parent; -1: none. */
  readonly exitSignal: number
  /** 16 hexadecimal digits each. */
  readonly signals: {
    pending: string
    sharedPending: string
    blocked: string
    ignored: string
    caught: string
  }
  /** By resource number; Infinity for unlimited. */
  readonly limits: readonly {soft: number; hard: number}[]
  readonly attributes: {
    readonly personality: number
    /** Adjusts `oom_score`: -1000 to 1000. */
    readonly oomScoreAdj: number
    /** MMF_DUMP_* bits: core(5). A write to the file of that name sets them. */
    coredumpFilter: number
    readonly isDumpable: boolean
    readonly hasNoNewPrivileges: boolean
    readonly disablesHugePages: boolean
  }
  /** SECCOMP_MODE_*, and the number of filters. */
  readonly seccomp: {readonly mode: number; readonly filters: number}
  /** Share of guest memory that is resident, in thousandths. */
  readonly memoryShare: number
  /** Whether the caller may see its memory, descriptors and environment (man 2 ptrace). @throws Errno EACCES */
  requireAccess(): void
  maps(): ByteString
  smaps(): ByteString
  smapsRollup(): ByteString
  pagemap: ReadPagemap
  /** Done by a write to the file of that name. @throws Errno EINVAL for another process's caller, EACCES */
  setName(name: ByteString): void
  setOomScoreAdj(value: number): void
  /** In ascending order. */
  fds(): Iterable<readonly [fd: number, file: ProcFd]>
}

export interface ProcFd {
  readonly file: FileDescription
  /** Undefined if it was not opened by a path. */
  readonly location: Location | undefined
  /** O_CLOEXEC of the descriptor. */
  readonly closesOnExec?: boolean
}
