// KernelProcSource: what procfs shows of the kernel and its processes.

import {CAP_SYS_ADMIN, hasCapability} from '../../abi/capability.ts'
import {EPERM, Errno} from '../../abi/errno.ts'
import {CLOCK_BOOTTIME, CLOCK_REALTIME, NS_PER_SECOND, type Timespec, toSeconds} from '../../abi/time.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString} from '../../vfs/file.ts'
import type {NetTexts} from '../../vfs/fs/proc-net.ts'
import type {ProcActivity, ProcProcess, ProcSource} from '../../vfs/fs/proc-source.ts'
import type {SysvIpcSource} from '../../vfs/fs/proc-sysvipc.ts'
import type {Host, HostRandom} from '../../vfs/host.ts'
import type {Location, Mount} from '../../vfs/location.ts'
import type {Kernel} from '../core/kernel.ts'
import {KERNEL_RELEASE, KERNEL_VERSION} from '../core/release.ts'
import {MAX_OPEN_FILES} from '../core/resource-limits.ts'
import {MAX_PID} from './pids.ts'
import {ProcessView} from './process-view.ts'
import {countRunnable} from './state.ts'

export class KernelProcSource implements ProcSource {
  readonly release = KERNEL_RELEASE
  readonly version = KERNEL_VERSION
  readonly machine = arch.machine
  readonly maxPid = MAX_PID
  readonly maxOpenFiles: number
  readonly #kernelOf: () => Kernel
  #cpuinfo: ByteString | undefined

  /** @param kernelOf called later: the kernel is made after the tree that /proc is mounted in */
  constructor(kernelOf: () => Kernel, maxOpenFiles = MAX_OPEN_FILES) {
    this.maxOpenFiles = maxOpenFiles
    this.#kernelOf = kernelOf
  }

  get ipc(): SysvIpcSource {
    return this.#kernel.ipc
  }

  get netTexts(): NetTexts {
    return this.#kernel.socketFamilies.procTexts
  }

  pids(): readonly number[] {
    return [...this.#kernel.processes.keys()].sort((a, b) => a - b)
  }

  process(tid: number): ProcProcess | undefined {
    const {tasks, processes} = this.#kernel
    const task = tasks.get(tid)
    const process = task?.process ?? processes.get(tid)
    return process && new ProcessView(this.#kernel, process, task)
  }

  get cpuCount(): number {
    return this.#kernel.platform.cpus
  }

  get maxTasks(): number {
    return this.#kernel.pids.maxTasks
  }

  get current(): {pid: number; tid: number; root: Location} {
    const {current, rootMount} = this.#kernel
    // No task is asking yet: the sentry itself looks up a program.
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

  get memfdNoexec(): number {
    return this.#kernel.memfdNoexec
  }

  setMemfdNoexec(value: number): void {
    const {current} = this.#kernel
    if (current && !hasCapability(current.credentials.capabilities, CAP_SYS_ADMIN)) throw new Errno(EPERM)
    this.#kernel.memfdNoexec = value
  }

  cpuinfo(): ByteString {
    this.#cpuinfo ??= cpuinfoOf(this.#kernel.host, this.cpuCount)
    return this.#cpuinfo
  }

  memory(): {totalBytes: number; freeBytes: number} {
    const {memory} = this.#kernel.platform
    return {totalBytes: memory.size, freeBytes: memory.size - memory.inUseBytes}
  }

  get random(): HostRandom {
    return this.#kernel.host.random
  }

  get faults(): number {
    return this.#kernel.faults
  }

  uptime(): {seconds: number; began: Timespec} {
    const up = this.#kernel.boot.read(CLOCK_BOOTTIME)
    const {seconds, nanoseconds} = this.#kernel.boot.read(CLOCK_REALTIME)
    const began = {
      seconds: seconds - up.seconds - (nanoseconds < up.nanoseconds ? 1 : 0),
      nanoseconds: (nanoseconds - up.nanoseconds + NS_PER_SECOND) % NS_PER_SECOND,
    }
    return {seconds: toSeconds(up), began}
  }

  activity(): ProcActivity {
    const {tasks, cpuUse, started, pids, load} = this.#kernel
    const nowNs = this.#kernel.monotonicNs()
    return {
      busySeconds: cpuUse.busyNs(tasks.values(), nowNs).map((ns) => ns / NS_PER_SECOND),
      switches: cpuUse.switches,
      started,
      running: countRunnable(tasks.values()),
      tasks: tasks.size,
      loads: load.averages(this.#kernel),
      lastPid: pids.last,
    }
  }

  get #kernel(): Kernel {
    return this.#kernelOf()
  }
}

/** Each paragraph is like the host's first. */
function cpuinfoOf(host: Host, cpus: number): ByteString {
  const [first] = host.cpuinfo().split('\n\n')
  const paragraph = (cpu: number): string => arch.cpuinfo(`${first.trimEnd()}\n\n`, cpu, cpus)
  return Array.from({length: cpus}, (_, cpu) => paragraph(cpu)).join('')
}
