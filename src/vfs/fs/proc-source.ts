// ProcSource: what procfs asks of the kernel it shows. The sentry implements it; procfs does the formats.

import type {Capabilities} from '../../abi/capability.ts'
import type {ByteString, FileDescription, Time} from '../file.ts'
import type {Location, Mount} from '../location.ts'
import type {ReadPagemap} from './proc-pagemap.ts'
import type {SysvIpcSource} from './proc-sysvipc.ts'

export interface ProcSource {
  /** Process ids, in ascending order. */
  pids(): readonly number[]
  /** Undefined when there is no such process. */
  process(pid: number): ProcProcess | undefined
  /** Who asks now: /proc/self and /proc/thread-self. */
  readonly current: {readonly pid: number; readonly tid: number; readonly root: Location}
  /** The tree that /proc/mounts shows. */
  readonly rootMount: Mount
  hostname(): ByteString
  setHostname(name: ByteString): void
  /** uname(2)'s release, version and machine. */
  readonly release: ByteString
  readonly version: ByteString
  readonly machine: ByteString
  /** /proc/cpuinfo, as the architecture has it. */
  cpuinfo(): ByteString
  readonly cpuCount: number
  memory(): {totalBytes: number; freeBytes: number}
  /** Page faults of all processes. */
  readonly faults: number
  /** Seconds since the sandbox began, of its processors all together idle, and the time it began. */
  uptime(): {seconds: number; idleSeconds: number; began: Time}
  readonly maxPid: number
  readonly ipc: SysvIpcSource
}

/** One process. Texts are as Linux has them; byte strings of the program are raw. */
export interface ProcProcess {
  readonly pid: number
  readonly parentPid: number
  readonly processGroup: number
  readonly session: number
  /** The controlling terminal. */
  readonly terminal: {readonly device: number; readonly foregroundGroup: number} | undefined
  /** comm: at most 15 bytes. */
  readonly name: ByteString
  /** R, S, T, Z. */
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
  readonly umask: number
  readonly argv: readonly ByteString[]
  readonly envp: readonly ByteString[]
  readonly auxv: Uint8Array
  readonly executable: Location | undefined
  readonly cwd: Location
  readonly root: Location
  readonly tids: readonly number[]
  readonly memory: {virtualBytes: number; residentBytes: number; dataBytes: number; lockedBytes: number}
  /** Seconds. */
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly startedSeconds: number
  readonly nice: number
  readonly noNewPrivileges: boolean
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
  readonly personality: number
  /** Adjusts `oom_score`: -1000 to 1000. */
  readonly oomScoreAdj: number
  /** Share of guest memory that is resident, in thousandths. */
  readonly memoryShare: number
  /** MMF_DUMP_* bits: core(5). */
  readonly coredumpFilter: number
  readonly isDumpable: boolean
  readonly disablesHugePages: boolean
  maps(): ByteString
  smaps(): ByteString
  smapsRollup(): ByteString
  pagemap: ReadPagemap
  /** What a write to the file of that name does. @throws Errno EINVAL for another process's caller, EACCES */
  setName(name: ByteString): void
  setOomScoreAdj(value: number): void
  setCoredumpFilter(value: number): void
  /** In ascending order. */
  fds(): Iterable<readonly [fd: number, file: ProcFd]>
}

export interface ProcFd {
  readonly file: FileDescription
  /** Undefined for what was not opened by a path. */
  readonly location: Location | undefined
  /** O_CLOEXEC of the descriptor. */
  readonly closesOnExec?: boolean
}
