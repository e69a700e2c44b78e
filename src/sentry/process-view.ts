// ProcessView: a process for procfs, as its first task has it.

import {CAP_SYS_RESOURCE, hasCapability} from '../abi/capability.ts'
import {EACCES, EINVAL, Errno} from '../abi/errno.ts'
import {CLOCK_BOOTTIME, differenceNs, fromNs, NS_PER_SECOND, toSeconds} from '../abi/time.ts'
import {arch} from '../arch/index.ts'
import type {ByteString} from '../vfs/file.ts'
import type {ProcFd, ProcProcess} from '../vfs/fs/proc-source.ts'
import type {Location} from '../vfs/location.ts'
import {requireCapability} from './credentials.ts'
import {readHostClock} from './host-clock.ts'
import {dataBytes, lockedBytes, mappedBytes} from './memory/accounting.ts'
import {mapsText} from './memory/maps-text.ts'
import {readPagemap, smapsRollupText, smapsText} from './memory/smaps-text.ts'
import type {Process} from './process.ts'
import {RLIMIT_NLIMITS} from './resource-limits.ts'
import {signalMasks} from './signals/signal-masks.ts'
import type {Task} from './task.ts'

/** comm's, without its NUL. */
const NAME_BYTES = 15

/** A process as its first task has it: tasks share all that is shown here. */
export class ProcessView implements ProcProcess {
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
  get terminal(): ProcProcess['terminal'] {
    const {terminal} = this.#process
    if (terminal === undefined) return undefined
    return {device: terminal.rdev, foregroundGroup: terminal.foregroundGroupSeen}
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
    return this.#process.nice
  }
  get noNewPrivileges(): boolean {
    return this.#process.hasNoNewPrivileges
  }
  get signals(): ProcProcess['signals'] {
    return signalMasks(this.#process.signals, this.#task.signals)
  }

  get limits(): ProcProcess['limits'] {
    return Array.from({length: RLIMIT_NLIMITS}, (_, resource) => this.#process.limits.get(resource))
  }

  get personality(): number {
    return this.#process.personality
  }
  get isDumpable(): boolean {
    return this.#process.isDumpable
  }
  get disablesHugePages(): boolean {
    return this.#process.disablesHugePages
  }
  get memoryShare(): number {
    const {memory} = this.#task.kernel.platform
    return Math.floor((1000 * this.#process.memoryMap.residentBytes) / memory.size)
  }

  get oomScoreAdj(): number {
    return this.#process.oomScoreAdj
  }
  setOomScoreAdj(value: number): void {
    const who = this.#task.kernel.current!.credentials
    if (value < this.#process.leastOomScoreAdj) requireCapability(who, CAP_SYS_RESOURCE, EACCES)
    this.#process.oomScoreAdj = value
    if (hasCapability(who.capabilities, CAP_SYS_RESOURCE)) this.#process.leastOomScoreAdj = value
  }

  get coredumpFilter(): number {
    return this.#process.coredumpFilter
  }
  setCoredumpFilter(value: number): void {
    this.#process.coredumpFilter = value
  }

  setName(name: ByteString): void {
    // A thread of the same process alone.
    if (this.#task.kernel.current?.process !== this.#process) throw new Errno(EINVAL)
    this.#task.name = name.slice(0, NAME_BYTES).replace(/\0.*/s, '')
  }

  smaps(): ByteString {
    return smapsText(this.#process.memoryMap)
  }
  smapsRollup(): ByteString {
    return smapsRollupText(this.#process.memoryMap)
  }
  pagemap(first: number, words: BigUint64Array): number {
    return readPagemap(this.#process.memoryMap, first, words)
  }

  maps(): ByteString {
    const text = mapsText(this.#process.memoryMap.vmas, this.#task.kernel.platform.mappings)
    return text + (arch.vsyscall?.mapsLine ?? '')
  }

  *fds(): Iterable<readonly [fd: number, file: ProcFd]> {
    const {fds} = this.#task
    for (const [fd, {file, location}] of fds.entries()) {
      yield [fd, {file, location, closesOnExec: fds.closesOnExec(fd)}]
    }
  }
}
