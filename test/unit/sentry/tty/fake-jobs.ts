// Jobs for unit tests of terminals: processes with real signals, the kernel that knows them, and the current caller.

import {NSIG, SIGKILL, SIGSTOP} from '../../../../src/abi/signal.ts'
import {capabilitiesOf} from '../../../../src/sentry/core/credentials.ts'
import type {Kernel} from '../../../../src/sentry/core/kernel.ts'
import type {Process} from '../../../../src/sentry/core/process.ts'
import {ResourceLimits} from '../../../../src/sentry/core/resource-limits.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {ProcessSignals} from '../../../../src/sentry/signals/process-signals.ts'
import {DEFAULT_ACTION} from '../../../../src/sentry/signals/signal-handlers.ts'
import {TaskSignals} from '../../../../src/sentry/signals/task-signals.ts'
import {Job} from '../../../../src/sentry/tty/job.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'

const HANDLER = 0x1000

export class FakeJobs {
  readonly vfs = new VirtualFileSystem(nativeHost)
  readonly processes = new Map<number, Process>()
  current: Task | undefined
  nowNs = 1e12
  readonly #tasks = new Map<number, Task>()
  readonly #children = new Map<number, Set<Process>>()

  get kernel(): Kernel {
    return this as unknown as Kernel
  }

  monotonicNs(): number {
    return this.nowNs
  }

  notify(): void {}

  add(pid: number, parentPid: number, processGroup: number, session: number, uid = 1000): Process {
    const signals = new ProcessSignals(new ResourceLimits())
    // Signals with a handler stay pending, so that tests see them.
    for (let signal = 1; signal <= NSIG; signal++) {
      if (signal !== SIGKILL && signal !== SIGSTOP)
        signals.setAction(signal, {...DEFAULT_ACTION, handler: HANDLER})
    }
    const children = new Set<Process>()
    const job = new Job(processGroup, session)
    const process = {pid, family: {parentPid, children}, job, signals} as unknown as Process
    this.#children.get(parentPid)?.add(process)
    this.#children.set(pid, children)
    const task = {
      ...{tid: pid, kernel: this.kernel, process, signals: new TaskSignals(signals)},
      credentials: {uid, gid: uid, groups: [], ...capabilitiesOf(uid)},
    } as unknown as Task
    task.signals.attach(task)
    this.processes.set(pid, process)
    this.#tasks.set(pid, task)
    this.current ??= task
    return process
  }

  /** Lets this process make the calls from now on. */
  call(pid: number): TaskSignals {
    this.current = this.#tasks.get(pid)!
    return this.current.signals
  }

  stop(pid: number): void {
    this.processes.get(pid)!.signals.stop(SIGSTOP)
  }

  end(pid: number): Process {
    const process = this.processes.get(pid)!
    process.exit = {code: 0, signal: undefined}
    return process
  }

  /** Takes the signals that the process was sent. */
  received(pid: number): number[] {
    const {pending} = this.processes.get(pid)!.signals
    const numbers = [...pending.set]
    for (const signal of numbers) pending.drop(signal)
    return numbers
  }
}
