// KernelProcSource: what procfs shows of the kernel and its processes.

import {readFileSync} from 'node:fs'
import {CLOCK_BOOTTIME, CLOCK_REALTIME, NS_PER_SECOND, type Timespec, toSeconds} from '../abi/time.ts'
import {arch} from '../arch/index.ts'
import type {ByteString} from '../vfs/file.ts'
import type {ProcProcess, ProcSource} from '../vfs/fs/proc-source.ts'
import type {SysvIpcSource} from '../vfs/fs/proc-sysvipc.ts'
import type {Location, Mount} from '../vfs/location.ts'
import {readHostClock} from './host-clock.ts'
import type {Kernel} from './kernel.ts'
import {ProcessView} from './process-view.ts'
import {CPU_COUNT} from './syscalls/sched.ts'
import {KERNEL_RELEASE, KERNEL_VERSION} from './syscalls/uname.ts'
import {MAX_PID} from './task/pids.ts'

export class KernelProcSource implements ProcSource {
  readonly release = KERNEL_RELEASE
  readonly version = KERNEL_VERSION
  readonly machine = arch.machine
  readonly cpuCount = CPU_COUNT
  readonly maxPid = MAX_PID
  readonly #kernelOf: () => Kernel
  readonly ipc: SysvIpcSource
  #cpuinfo: ByteString | undefined

  /** @param kernelOf asked later: the kernel is made after the tree that /proc is mounted in */
  constructor(kernelOf: () => Kernel) {
    this.#kernelOf = kernelOf
    this.ipc = {
      get segments() {
        return kernelOf().ipc.segments.table
      },
      get semaphores() {
        return kernelOf().ipc.semaphores.table
      },
      get messages() {
        return kernelOf().ipc.messages.table
      },
    }
  }

  pids(): readonly number[] {
    return [...this.#kernel.processes.keys()].sort((a, b) => a - b)
  }

  process(pid: number): ProcProcess | undefined {
    const process = this.#kernel.processes.get(pid)
    const task = process?.tasks[0]
    if (process === undefined || task === undefined) return undefined
    return new ProcessView(process, task)
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

  get faults(): number {
    let faults = 0
    for (const {memoryMap} of this.#kernel.processes.values()) faults += memoryMap.faults
    return faults
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

/** The host's first processor: the guest's only one is no other, and CPUID says as much. */
function hostCpuinfo(): ByteString {
  try {
    const [first] = readFileSync('/proc/cpuinfo', 'latin1').split('\n\n')
    return arch.cpuinfo(`${first.trimEnd()}\n\n`)
  } catch {
    return 'processor\t: 0\n\n'
  }
}
