// A simulated task for system call tests: real memory, descriptors, signals and a tmpfs for a root, over no platform.

import {Errno} from '../../../../src/abi/errno.ts'
import type {Context} from '../../../../src/platform/platform.ts'
import {type Credentials, capabilitiesOf} from '../../../../src/sentry/core/credentials.ts'
import type {Kernel} from '../../../../src/sentry/core/kernel.ts'
import {BLOCKED, type Syscall} from '../../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {EpollPasses} from '../../../../src/sentry/fd/epoll-nesting.ts'
import {FdTable} from '../../../../src/sentry/fd/fd-table.ts'
import {FsContext} from '../../../../src/sentry/fd/fs-context.ts'
import {InotifyCounts} from '../../../../src/sentry/fd/inotify.ts'
import {Leases} from '../../../../src/sentry/fd/leases.ts'
import {KernelIpc} from '../../../../src/sentry/ipc/kernel-ipc.ts'
import {Space} from '../../../../src/sentry/memory/space.ts'
import {SocketFamilies} from '../../../../src/sentry/net/socket-families.ts'
import {ProcessSignals} from '../../../../src/sentry/signals/process-signals.ts'
import {TaskSignals} from '../../../../src/sentry/signals/task-signals.ts'
import {Scheduling} from '../../../../src/sentry/task/cpu/scheduling.ts'
import {ThreadGroup} from '../../../../src/sentry/task/process.ts'
import {Run} from '../../../../src/sentry/task/run.ts'
import {GuestThread} from '../../../../src/sentry/task/task.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {FileLockTable} from '../../../../src/vfs/file-locks.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import type {Mount} from '../../../../src/vfs/location.ts'
import {mountRoot} from '../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import '../blocked-call.ts'
import {Restrictions} from '../../../../src/sentry/pledge/restrictions.ts'
import {ProcessAttributes} from '../../../../src/sentry/task/process-attributes.ts'
import {Job} from '../../../../src/sentry/tty/job.ts'
import {calls} from '../calls.ts'
import {SimulatedGuest} from '../memory/simulated-guest.ts'

const ARENA_BYTES = 4 << 20
const FIRST_PID = 7

export class SimulatedTask {
  readonly guest: SimulatedGuest
  readonly task: Task
  readonly tmpfs: Tmpfs
  nowNs = 1e9
  readonly #argumentWords = new Int32Array(12)
  readonly #arena: number
  #used = 0

  /** @param of another process, whose kernel this one shares */
  constructor(uid = 0, of?: SimulatedTask) {
    this.guest = of?.guest.sibling() ?? new SimulatedGuest(32 << 20)
    const {guest} = this
    const pid = FIRST_PID + (of?.task.kernel.processes.size ?? 0)
    const process = new ThreadGroup({
      pid,
      run: new Run(),
      job: new Job(pid),
      attributes: new ProcessAttributes(),
      restrictions: new Restrictions(),
      space: new Space(guest.map, new Budget()),
      limits: guest.limits,
      budget: new Budget(),
      signals: new ProcessSignals(guest.limits),
      startedNs: 0,
      syscalls: calls,
      program: {
        executable: undefined,
        path: '',
        argv: [],
        envp: [],
        auxv: new Uint8Array(0),
        signalTrampoline: 0,
      },
    })
    this.tmpfs = new Tmpfs(guest.memory)
    const root = mountRoot(this.tmpfs, of?.task.kernel.vfs ?? new VirtualFileSystem(nativeHost))
    const kernel = of?.task.kernel ?? this.#kernel(root)
    kernel.processes.set(pid, process)
    this.task = new GuestThread({
      tid: pid,
      kernel,
      process,
      context: {argumentWords: this.#argumentWords} as unknown as Context,
      fds: new FdTable(),
      fs: new FsContext(root.top, root.top, 0o022),
      signals: new TaskSignals(process.signals),
      scheduling: new Scheduling(),
      credentials: credentialsOf(uid),
      name: 'test',
    })
    process.tasks.push(this.task)
    kernel.tasks.set(pid, this.task)
    this.task.signals.attach(this.task)
    this.#arena = guest.map.map({length: ARENA_BYTES, protection: 3})
  }

  /** The result, -errno, or BLOCKED. Strings become pointers to them. */
  call(syscall: Syscall, ...args: (number | bigint | string)[]): number {
    const words = args.map((arg) => (typeof arg === 'string' ? this.string(arg) : arg))
    new BigInt64Array(this.#argumentWords.buffer).set(words.map((word) => BigInt.asIntN(64, BigInt(word))))
    this.task.kernel.current = this.task
    return this.#result(() => syscall(this.task, this.task.arguments))
  }

  /** Another process of the same kernel. */
  sibling(uid = 0): SimulatedTask {
    return new SimulatedTask(uid, this)
  }

  /** What the blocked call says after a wake; BLOCKED when it sleeps on. */
  wake(expired = false): number {
    this.task.kernel.current = this.task
    const wait = this.task.wait!
    const result = this.#result(() => wait.next.resume(this.task, wait.progress, expired))
    if (result !== BLOCKED) wait.next.ended?.(this.task, wait.progress)
    return result
  }

  /** `length` zero bytes of guest memory, 16-byte aligned. */
  bytes(length: number): number {
    const address = this.#arena + this.#used
    this.#used += (length + 31) & ~15
    if (this.#used > ARENA_BYTES) throw new Error('the arena is full')
    return address
  }

  string(text: string): number {
    return this.data(Buffer.from(`${text}\0`, 'latin1'))
  }

  data(content: Uint8Array): number {
    const address = this.bytes(content.length)
    this.task.memory.writeBytes(address, content)
    return address
  }

  int64s(...values: number[]): number {
    return this.data(new Uint8Array(BigInt64Array.from(values, BigInt).buffer))
  }

  int32s(...values: number[]): number {
    return this.data(new Uint8Array(Int32Array.from(values).buffer))
  }

  iovecs(...ranges: [address: number, length: number][]): number {
    return this.int64s(...ranges.flat())
  }

  text(address: number, length: number): string {
    return Buffer.from(this.task.memory.readBytes(address, length)).toString('latin1')
  }

  #kernel(rootMount: Mount): Kernel {
    const kernel = {
      tasks: new Map(),
      platform: {memory: this.guest.memory, cpus: 1},
      host: nativeHost,
      timers: new TimerQueue({monotonicNs: () => this.nowNs}),
      boot: {monotonicNs: 0},
      leases: new Leases(),
      socketFamilies: new SocketFamilies(rootMount.vfs, new Budget()),
      budget: new Budget(),
      processes: new Map(),
      rootMount,
      vfs: rootMount.vfs,
      epollPasses: new EpollPasses(),
      monotonicNs: () => this.nowNs,
      notify: () => {},
      move: () => {},
    } as unknown as Kernel
    return Object.assign(kernel, {
      ipc: new KernelIpc(kernel),
      fileLocks: new FileLockTable(kernel.budget),
      inotify: new InotifyCounts(),
    })
  }

  become(uid: number): void {
    this.task.credentials = credentialsOf(uid)
  }

  #result(action: () => number): number {
    try {
      const result = action()
      if (result !== BLOCKED) this.task.wait = undefined
      return result
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      this.task.wait = undefined
      return -error.code
    }
  }
}

function credentialsOf(uid: number): Credentials {
  return {
    uid,
    gid: uid,
    groups: [],
    ...capabilitiesOf(uid),
    ruid: uid,
    euid: uid,
    suid: uid,
    rgid: uid,
    egid: uid,
    sgid: uid,
  }
}
