// A source of procfs for tests: a process 7 with two tasks, and a zombie, its child.

import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {EACCES, Errno} from '../../../../src/abi/errno.ts'
import type {ProcFd, ProcProcess, ProcSource} from '../../../../src/vfs/fs/proc-source.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import type {TestVfs} from '../../../helpers/vfs.ts'

export class FakeProcSource implements ProcSource {
  readonly netTexts = new Map([['dev', () => 'lo\n']])
  readonly fds = new Map<number, ProcFd>()
  /** The processes by tid. */
  readonly processes: Map<number, () => ProcProcess>
  guestName = 'guest'
  /** Whether `requireAccess` allows access. */
  mayTrace = true
  readonly release = '6.1.0'
  readonly version = '#1 SMP'
  readonly machine = 'x86_64'
  readonly cpuCount = 2
  readonly random = nativeHost.random
  readonly faults = 7
  readonly maxPid = 32768
  readonly maxOpenFiles = 1048576
  readonly maxTasks = 1024
  readonly ipc = {segments: [], semaphores: [], messages: []}
  readonly #vfs: TestVfs
  #program: ProcProcess['program'] | undefined

  /** @param vfs has a file `program` */
  constructor(vfs: TestVfs) {
    this.#vfs = vfs
    const cpuSeconds = {task: 0.5, process: 1, children: 0}
    this.processes = new Map([
      [7, () => this.#process()],
      [8, () => ({...this.#process(), tid: 8, name: 'second', cpuSeconds})],
      [9, () => this.#zombie()],
    ])
  }

  pids = () => [7, 9]
  process = (tid: number) => this.processes.get(tid)?.()
  hostname = () => this.guestName
  setHostname = (name: string) => {
    this.guestName = name
  }
  memfdNoexec = 0
  setMemfdNoexec = (value: number) => {
    this.memfdNoexec = value
  }
  cpuinfo = () => 'processor\t: 0\n'
  memory = () => ({totalBytes: 64 << 20, freeBytes: 32 << 20})
  uptime = () => ({seconds: 12.5, began: {seconds: 1_700_000_000, nanoseconds: 0}})
  activity = () => ({
    busySeconds: [3, 1.5],
    switches: 40,
    started: 9,
    running: 2,
    tasks: 5,
    loads: [0.5, 0.25, 0] as const,
    lastPid: 12,
  })

  get current() {
    return {pid: 7, tid: 7, root: this.#vfs.root}
  }
  get rootMount() {
    return this.#vfs.root.mount
  }

  /** As execve(2) does. */
  execute(): void {
    this.#program = undefined
  }

  #currentProgram(): ProcProcess['program'] {
    this.#program ??= {
      argv: ['program', 'an argument'],
      envp: ['A=1'],
      auxv: new Uint8Array(32),
      executable: this.#vfs.locate('program'),
    }
    return this.#program
  }

  #process(): ProcProcess {
    return {
      pid: 7,
      tid: 7,
      hasMemory: true,
      parentPid: 0,
      tracer: 0,
      job: {group: 7, session: 7},
      terminal: undefined,
      name: 'program',
      state: 'R',
      uids: [0, 0, 0, 0],
      gids: [0, 0, 0, 0],
      groups: [],
      capabilities: {effective: 0, permitted: 0, inheritable: 0, bounding: ALL_CAPABILITIES, ambient: 0},
      fs: {umask: 0o22, cwd: this.#vfs.cwd, root: this.#vfs.root},
      program: this.#currentProgram(),
      tids: [7, 8],
      childPids: [9],
      memory: {virtualBytes: 8192, residentBytes: 4096, peakBytes: 4096, dataBytes: 0, lockedBytes: 0},
      cpuSeconds: {task: 0.25, process: 1, children: 2},
      systemSeconds: {task: 0, process: 0, children: 0},
      faults: {process: 3, children: 0},
      startedSeconds: 2,
      scheduling: {policy: 3, nice: 4, cpu: 1, allowed: 3n},
      switches: {voluntary: 11, forced: 12},
      exitSignal: 17,
      signals: {
        pending: '0'.repeat(16),
        sharedPending: '0'.repeat(16),
        blocked: '0'.repeat(16),
        ignored: '0'.repeat(16),
        caught: '0'.repeat(16),
      },
      limits: [],
      attributes: {
        ...{personality: 0, oomScoreAdj: 0, coredumpFilter: 0x33},
        ...{isDumpable: true, hasNoNewPrivileges: false, disablesHugePages: false},
      },
      seccomp: {mode: 2, filters: 3},
      memoryShare: 0,
      requireAccess: () => {
        if (!this.mayTrace) throw new Errno(EACCES)
      },
      maps: () => 'maps',
      smaps: () => 'smaps',
      smapsRollup: () => 'rollup',
      pagemap: () => 0,
      setName: () => {},
      setOomScoreAdj: () => {},
      fds: () => this.fds,
    }
  }

  /** A process between its end and its parent's wait. */
  #zombie(): ProcProcess {
    return {
      ...this.#process(),
      ...{pid: 9, tid: 9, parentPid: 7, name: 'dead', state: 'Z', hasMemory: false},
      ...{tids: [9], childPids: [], fs: undefined},
      program: {argv: [], envp: [], auxv: new Uint8Array(0), executable: undefined},
      maps: () => '',
      fds: () => new Map(),
    }
  }
}
