// ProcessView: a process for procfs, as seen by one of its tasks.

import {CAP_SYS_RESOURCE, hasCapability} from '../../abi/capability.ts'
import {EACCES, EINVAL, Errno} from '../../abi/errno.ts'
import {CLOCK_BOOTTIME, differenceNs, fromNs, NS_PER_SECOND, toSeconds} from '../../abi/time.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString} from '../../vfs/file.ts'
import type {ProcFd, ProcProcess} from '../../vfs/fs/proc-source.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {RLIMIT_NLIMITS} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {dataBytes, lockedBytes, mappedBytes} from '../memory/accounting.ts'
import {mapsText} from '../memory/maps-text.ts'
import {readPagemap, smapsRollupText, smapsText} from '../memory/smaps-text.ts'
import {SeccompFilter, seccompMode} from '../seccomp/filter.ts'
import {signalMasks} from '../signals/signal-masks.ts'
import {mayRead} from './may-inspect.ts'
import type {EndedTask} from './process-end.ts'
import {stateOf} from './state.ts'

/** Of comm, without its NUL. */
const NAME_BYTES = 15
const NO_MEMORY = {virtualBytes: 0, residentBytes: 0, peakBytes: 0, dataBytes: 0, lockedBytes: 0}
const NO_PROGRAM = {argv: [], envp: [], auxv: new Uint8Array(0), executable: undefined}

export class ProcessView implements ProcProcess {
  readonly #kernel: Kernel
  readonly #process: Process
  /** Undefined: the first task, which has ended. */
  readonly #task: Task | undefined
  /** The same task, or what is left of it. */
  readonly #who: EndedTask

  constructor(kernel: Kernel, process: Process, task: Task | undefined) {
    this.#kernel = kernel
    this.#process = process
    this.#task = task
    this.#who = task ?? process.end.firstTask!
  }

  get process(): Process {
    return this.#process
  }
  get pid(): number {
    return this.#process.pid
  }
  get tid(): number {
    return this.#task?.tid ?? this.#process.pid
  }
  get hasMemory(): boolean {
    return this.#task !== undefined && this.#process !== this.#kernel.init
  }
  get parentPid(): number {
    return this.#process.family.parentPid
  }
  get job(): ProcProcess['job'] {
    return this.#process.job
  }
  get terminal(): ProcProcess['terminal'] {
    const {terminal} = this.#process.job
    if (terminal === undefined) return undefined
    return {device: terminal.rdev, foregroundGroup: terminal.foregroundGroupSeen}
  }
  get name(): ByteString {
    return this.#who.name
  }

  get state(): string {
    return stateOf(this.#kernel, this.#task)
  }

  get tracer(): number {
    return this.#task?.tracing?.tracer.process.pid ?? 0
  }

  get uids(): ProcProcess['uids'] {
    const {ruid, euid, suid, uid} = this.#who.credentials
    return [ruid, euid, suid, uid]
  }
  get gids(): ProcProcess['gids'] {
    const {rgid, egid, sgid, gid} = this.#who.credentials
    return [rgid, egid, sgid, gid]
  }
  get groups(): readonly number[] {
    return this.#who.credentials.groups
  }
  get capabilities(): ProcProcess['capabilities'] {
    const {capabilities: effective, permitted, inheritable, bounding, ambient} = this.#who.credentials
    return {effective, permitted, inheritable, bounding, ambient}
  }
  get fs(): ProcProcess['fs'] {
    return this.#task?.fs
  }

  get program(): ProcProcess['program'] {
    return this.#task === undefined ? NO_PROGRAM : this.#process.program
  }
  get tids(): readonly number[] {
    const {pid, tasks} = this.#process
    const tids = new Set([pid, ...tasks.map(({tid}) => tid)])
    return [...tids].sort((a, b) => a - b)
  }
  get childPids(): readonly number[] {
    return [...this.#process.family.children].map(({pid}) => pid).sort((a, b) => a - b)
  }

  get memory(): ProcProcess['memory'] {
    if (!this.hasMemory) return NO_MEMORY
    const {vmas, residentBytes, peakBytes} = this.#process.memoryMap
    return {
      virtualBytes: mappedBytes(vmas),
      ...{residentBytes, peakBytes},
      dataBytes: dataBytes(vmas),
      lockedBytes: lockedBytes(vmas),
    }
  }

  get cpuSeconds(): ProcProcess['cpuSeconds'] {
    const task = this.#task?.cpuTimeNs(this.#kernel.monotonicNs()) ?? this.#who.cpuNs
    return {
      task: task / NS_PER_SECOND,
      process: this.#process.usage.cpuTimeNs(this.#kernel.monotonicNs()) / NS_PER_SECOND,
      children: this.#process.usage.ofChildren.cpuNs / NS_PER_SECOND,
    }
  }
  get systemSeconds(): ProcProcess['systemSeconds'] {
    const nowNs = this.#kernel.monotonicNs()
    const task = this.#who.systemTime.of(this.#task?.cpuTimeNs(nowNs) ?? this.#who.cpuNs)
    return {
      task: task / NS_PER_SECOND,
      process: this.#process.usage.systemNs(nowNs) / NS_PER_SECOND,
      children: this.#process.usage.ofChildren.systemNs / NS_PER_SECOND,
    }
  }
  get faults(): ProcProcess['faults'] {
    const {memory, ofChildren} = this.#process.usage
    return {process: memory.faults, children: ofChildren.minorFaults}
  }

  /** Since the boot, as uptime counts. */
  get startedSeconds(): number {
    const ageNs = this.#kernel.monotonicNs() - this.#process.usage.startedNs
    return toSeconds(fromNs(differenceNs(this.#kernel.boot.read(CLOCK_BOOTTIME), fromNs(ageNs))))
  }

  get scheduling(): ProcProcess['scheduling'] {
    const {scheduling} = this.#who
    const {policy, nice, cpu} = scheduling
    return {policy, nice, cpu, allowed: scheduling.allowed(this.#kernel.platform.cpus)}
  }
  get switches(): ProcProcess['switches'] {
    const {all, forced} = this.#who.switches
    return {voluntary: all - forced, forced}
  }
  get exitSignal(): number {
    return this.tid === this.pid ? this.#process.family.exitSignal : -1
  }
  get signals(): ProcProcess['signals'] {
    return signalMasks(this.#process.signals, this.#task?.signals)
  }

  get limits(): ProcProcess['limits'] {
    return Array.from({length: RLIMIT_NLIMITS}, (_, resource) => this.#process.limits.get(resource))
  }

  get attributes(): ProcProcess['attributes'] {
    return this.#process.attributes
  }

  get seccomp(): ProcProcess['seccomp'] {
    const seccomp = this.#task?.seccomp
    return {mode: seccompMode(seccomp), filters: seccomp instanceof SeccompFilter ? seccomp.count : 0}
  }

  get memoryShare(): number {
    return Math.floor((1000 * this.memory.residentBytes) / this.#kernel.platform.memory.size)
  }

  setOomScoreAdj(value: number): void {
    const who = this.#kernel.current!.credentials
    if (value < this.#process.attributes.leastOomScoreAdj) requireCapability(who, CAP_SYS_RESOURCE, EACCES)
    this.#process.attributes.oomScoreAdj = value
    if (hasCapability(who.capabilities, CAP_SYS_RESOURCE)) this.#process.attributes.leastOomScoreAdj = value
  }

  setName(name: ByteString): void {
    // Only a thread of the same process may set it.
    if (this.#kernel.current?.process !== this.#process || this.#task === undefined) throw new Errno(EINVAL)
    this.#task.name = name.slice(0, NAME_BYTES).replace(/\0.*/s, '')
  }

  requireAccess(): void {
    const {current} = this.#kernel
    // Undefined when the sentry itself looks.
    if (current !== undefined && !mayRead(current, this.#process, this.#who.credentials))
      throw new Errno(EACCES)
  }

  smaps(): ByteString {
    return this.hasMemory ? smapsText(this.#process.memoryMap) : ''
  }
  smapsRollup(): ByteString {
    return this.hasMemory ? smapsRollupText(this.#process.memoryMap) : ''
  }
  pagemap(first: number, words: BigUint64Array): number {
    return this.hasMemory ? readPagemap(this.#process.memoryMap, first, words) : 0
  }

  maps(): ByteString {
    if (!this.hasMemory) return ''
    const text = mapsText(this.#process.memoryMap.vmas, this.#kernel.platform.mappings)
    return text + (arch.vsyscall?.mapsLine ?? '')
  }

  *fds(): Iterable<readonly [fd: number, file: ProcFd]> {
    if (this.#task === undefined) return
    const {fds} = this.#task
    for (const [fd, {file, location}] of fds.entries()) {
      yield [fd, {file, location, closesOnExec: fds.closesOnExec(fd)}]
    }
  }
}
