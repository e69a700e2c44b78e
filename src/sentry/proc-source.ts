// KernelProcSource: what procfs shows of the kernel and its processes.

import {readFileSync} from 'node:fs'
import {
  CLOCK_BOOTTIME,
  CLOCK_REALTIME,
  differenceNs,
  fromNs,
  NS_PER_SECOND,
  type Timespec,
} from '../abi/time.ts'
import {arch} from '../arch/index.ts'
import type {ByteString} from '../vfs/file.ts'
import type {ProcFd, ProcProcess, ProcSource} from '../vfs/fs/proc-source.ts'
import type {Location, Mount} from '../vfs/location.ts'
import {readHostClock} from './host-clock.ts'
import type {Kernel} from './kernel.ts'
import {dataBytes, lockedBytes, mappedBytes} from './memory/accounting.ts'
import {mapsText} from './memory/maps-text.ts'
import type {Process} from './process.ts'
import {RLIMIT_NLIMITS} from './resource-limits.ts'
import {signalMasks} from './signals/signal-masks.ts'
import {KERNEL_RELEASE, KERNEL_VERSION} from './syscalls/uname.ts'
import type {Task} from './task.ts'

/** The default on machines with few processors. */
const MAX_PID = 32768

export class KernelProcSource implements ProcSource {
  readonly release = KERNEL_RELEASE
  readonly version = KERNEL_VERSION
  readonly machine = arch.machine
  /** sched_getaffinity(2) says the same. */
  readonly cpuCount = 1
  readonly maxPid = MAX_PID
  readonly #kernelOf: () => Kernel
  #cpuinfo: ByteString | undefined

  /** @param kernelOf asked later: the kernel is made after the tree that /proc is mounted in */
  constructor(kernelOf: () => Kernel) {
    this.#kernelOf = kernelOf
  }

  pids(): readonly number[] {
    return [...this.#kernel.processes.keys()].sort((a, b) => a - b)
  }

  process(pid: number): ProcProcess | undefined {
    const process = this.#kernel.processes.get(pid)
    const task = process?.tasks[0]
    if (process === undefined || task === undefined) return undefined
    return new TaskView(process, task)
  }

  get current(): {pid: number; tid: number; root: Location} {
    const {current, rootMount} = this.#kernel
    // Nobody asks yet: the sentry itself looks a program up.
    if (current === undefined) return {pid: 0, tid: 0, root: rootMount.top}
    return {pid: current.process.pid, tid: current.tid, root: current.fs.root}
  }

  get rootMount(): Mount {
    return this.#kernel.rootMount
  }

  hostname(): ByteString {
    return this.#kernel.hostname
  }

  setHostname(name: ByteString): void {
    this.#kernel.hostname = name
  }

  cpuinfo(): ByteString {
    this.#cpuinfo ??= hostCpuinfo()
    return this.#cpuinfo
  }

  memory(): {totalBytes: number; freeBytes: number} {
    const {memory} = this.#kernel.platform
    return {totalBytes: memory.size, freeBytes: memory.size - memory.allocatedBytes}
  }

  uptime(): {seconds: number; idleSeconds: number; began: Timespec} {
    const [bootSeconds, bootNanoseconds] = readHostClock(CLOCK_BOOTTIME)
    const up = {seconds: bootSeconds, nanoseconds: bootNanoseconds}
    const [seconds, nanoseconds] = readHostClock(CLOCK_REALTIME)
    const began = {
      seconds: seconds - up.seconds - (nanoseconds < up.nanoseconds ? 1 : 0),
      nanoseconds: (nanoseconds - up.nanoseconds + NS_PER_SECOND) % NS_PER_SECOND,
    }
    const upSeconds = toSeconds(up)
    let busySeconds = 0
    for (const process of this.#kernel.processes.values()) {
      busySeconds += this.#kernel.cpuTimeNs(process) / NS_PER_SECOND
    }
    return {seconds: upSeconds, idleSeconds: Math.max(0, upSeconds - busySeconds), began}
  }

  get #kernel(): Kernel {
    return this.#kernelOf()
  }
}

/** A process as its first task has it: tasks share all that is shown here. */
class TaskView implements ProcProcess {
  readonly #process: Process
  readonly #task: Task

  constructor(process: Process, task: Task) {
    this.#process = process
    this.#task = task
  }

  get pid(): number {
    return this.#process.pid
  }
  get parentPid(): number {
    return this.#process.parentPid
  }
  get processGroup(): number {
    return this.#process.processGroup
  }
  get session(): number {
    return this.#process.session
  }
  get name(): ByteString {
    return this.#task.name
  }

  get state(): string {
    if (this.#process.exit !== undefined) return 'Z'
    if (this.#process.signals.stopped) return 'T'
    return this.#process.tasks.some(({wait}) => wait === undefined) ? 'R' : 'S'
  }

  get uids(): ProcProcess['uids'] {
    const {ruid, euid, suid, uid} = this.#task.credentials
    return [ruid, euid, suid, uid]
  }
  get gids(): ProcProcess['gids'] {
    const {rgid, egid, sgid, gid} = this.#task.credentials
    return [rgid, egid, sgid, gid]
  }
  get groups(): readonly number[] {
    return this.#task.credentials.groups
  }
  get capabilities(): ProcProcess['capabilities'] {
    const {capabilities: effective, permitted, inheritable, bounding, ambient} = this.#task.credentials
    return {effective, permitted, inheritable, bounding, ambient}
  }
  get umask(): number {
    return this.#task.fs.umask
  }

  get argv(): readonly ByteString[] {
    return this.#process.program.argv
  }
  get envp(): readonly ByteString[] {
    return this.#process.program.envp
  }
  get auxv(): Uint8Array {
    return this.#process.program.auxv
  }
  get executable(): Location | undefined {
    return this.#process.program.executable
  }
  get cwd(): Location {
    return this.#task.fs.cwd
  }
  get root(): Location {
    return this.#task.fs.root
  }
  get tids(): readonly number[] {
    return this.#process.tasks.map(({tid}) => tid)
  }

  get memory(): ProcProcess['memory'] {
    const {vmas, residentBytes} = this.#process.memoryMap
    return {
      virtualBytes: mappedBytes(vmas),
      residentBytes,
      dataBytes: dataBytes(vmas),
      lockedBytes: lockedBytes(vmas),
    }
  }

  /** All time counts as the program's own, as in times(2). */
  get userSeconds(): number {
    return this.#task.kernel.cpuTimeNs(this.#process) / NS_PER_SECOND
  }
  get systemSeconds(): number {
    return 0
  }

  /** Since the host's boot, as uptime counts. */
  get startedSeconds(): number {
    const ageNs = this.#task.kernel.monotonicNs() - this.#process.startedNs
    const [seconds, nanoseconds] = readHostClock(CLOCK_BOOTTIME)
    return toSeconds(fromNs(differenceNs({seconds, nanoseconds}, fromNs(ageNs))))
  }

  get nice(): number {
    return this.#process.attributes.get('nice') ?? 0
  }
  get noNewPrivileges(): boolean {
    return this.#process.attributes.get('no_new_privs') === 1
  }
  get signals(): ProcProcess['signals'] {
    return signalMasks(this.#process.signals, this.#task.signals)
  }

  get limits(): ProcProcess['limits'] {
    return Array.from({length: RLIMIT_NLIMITS}, (_, resource) => this.#process.limits.get(resource))
  }

  maps(): ByteString {
    return mapsText(this.#process.memoryMap.vmas, this.#task.kernel.platform.mappings)
  }

  *fds(): Iterable<readonly [fd: number, file: ProcFd]> {
    const {fds} = this.#task
    for (const [fd, {file, location}] of fds.entries()) {
      yield [fd, {file, location, closesOnExec: fds.closesOnExec(fd)}]
    }
  }
}

/** The host's first processor: the guest's only one is no other, and CPUID says as much. */
function hostCpuinfo(): ByteString {
  try {
    const [first] = readFileSync('/proc/cpuinfo', 'latin1').split('\n\n')
    return arch.cpuinfo(`${first.trimEnd()}\n\n`)
  } catch {
    return 'processor\t: 0\n\n'
  }
}

function toSeconds({seconds, nanoseconds}: Timespec): number {
  return seconds + nanoseconds / NS_PER_SECOND
}
