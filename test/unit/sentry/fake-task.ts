// A task for unit tests: real signals, limits and timers over a fake context, memory and kernel.

import {type Credentials, capabilitiesOf} from '../../../src/sentry/core/credentials.ts'
import type {Kernel} from '../../../src/sentry/core/kernel.ts'
import type {Observer} from '../../../src/sentry/core/observer.ts'
import type {Process} from '../../../src/sentry/core/process.ts'
import {ResourceLimits} from '../../../src/sentry/core/resource-limits.ts'
import {type Arguments, BLOCKED, type Syscall} from '../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../src/sentry/core/task.ts'
import type {Wait} from '../../../src/sentry/core/wait.ts'
import {FdTable} from '../../../src/sentry/fd/fd-table.ts'
import {Leases} from '../../../src/sentry/fd/leases.ts'
import {FutexTable} from '../../../src/sentry/memory/futex-table.ts'
import type {Space} from '../../../src/sentry/memory/space.ts'
import {Restrictions} from '../../../src/sentry/pledge/restrictions.ts'
import {ProcessSignals} from '../../../src/sentry/signals/process-signals.ts'
import {TaskSignals} from '../../../src/sentry/signals/task-signals.ts'
import {type Program, ThreadGroup} from '../../../src/sentry/task/process.ts'
import {ProcessAttributes} from '../../../src/sentry/task/process-attributes.ts'
import {Run} from '../../../src/sentry/task/run.ts'
import {TimerQueue} from '../../../src/sentry/time/timers.ts'
import {Job} from '../../../src/sentry/tty/job.ts'
import {Budget} from '../../../src/vfs/budget.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../src/vfs/virtual-file-system.ts'
import {type FakeProcessor, fakeProcessor} from '../arch/fake-context.ts'
import {FakeMemory} from '../arch/fake-memory.ts'
import {checkWait} from './blocked-call.ts'
import {calls} from './calls.ts'

export const BASE = 0x7000_0000
export const STACK = BASE + 0x8000

/** UserMemory's accessors for FakeMemory's bytes. */
class FakeUserMemory extends FakeMemory {
  readInt32 = (address: number): number => this.view(address, 4).getInt32(0, true)
  readUint32 = (address: number): number => this.view(address, 4).getUint32(0, true)
  readUint8 = (address: number): number => this.view(address, 1).getUint8(0)
  writeInt32 = (address: number, value: number): void => this.view(address, 4).setInt32(0, value, true)
  writeUint32 = (address: number, value: number): void => this.view(address, 4).setUint32(0, value, true)
  writeInt32s(address: number, values: readonly number[]): void {
    values.forEach((value, index) => {
      this.writeInt32(address + 4 * index, value)
    })
  }
  clear = (address: number, length: number): void => this.writeBytes(address, new Uint8Array(length))
}

const ORDINARY: Credentials = {
  ...{uid: 1000, gid: 1000, groups: [], ...capabilitiesOf(1000)},
  ...{ruid: 1000, euid: 1000, suid: 1000, rgid: 1000, egid: 1000, sgid: 1000},
}

export class FakeKernel {
  readonly timers = new TimerQueue(this)
  readonly boot = {monotonicNs: 0}
  readonly leases = new Leases()
  readonly ipc = {futexes: new FutexTable()}
  readonly vfs = new VirtualFileSystem(nativeHost)
  readonly budget = new Budget()
  readonly processes = new Map<number, Process>()
  readonly tasks = new Map<number, Task>()
  readonly notified: Task[] = []
  readonly observers: Observer[] = []
  /** The process's CPU time runs with the clock while this is set. */
  isBusy = true
  nowNs = 1e12
  cpuNs = 0

  monotonicNs(): number {
    return this.nowNs
  }
  startClock(): void {}

  cpuTimeNs(): number {
    return this.cpuNs
  }
  notify(task: Task): void {
    this.notified.push(task)
  }
  endProcess(process: Process, code: number | undefined, signal: number | undefined): void {
    process.exit ??= {code, signal}
  }

  /** Lets time pass: timers expire at their times. */
  pass(ns: number): void {
    const end = this.nowNs + ns
    for (;;) {
      const next = Math.min(end, Math.max(this.nowNs, this.timers.nextDeadlineNs))
      if (this.isBusy) this.cpuNs += next - this.nowNs
      this.nowNs = next
      this.timers.runExpired(next)
      if (next === end) return
    }
  }
}

export interface Fake {
  task: Task
  process: Process
  kernel: FakeKernel
  context: FakeProcessor
  memory: FakeUserMemory
}

export function fakeTask(credentials = ORDINARY): Fake {
  const kernel = new FakeKernel()
  const limits = new ResourceLimits()
  const signals = new ProcessSignals(limits)
  const process = new ThreadGroup({
    ...{pid: 7, run: new Run(), limits, signals, budget: kernel.budget, startedNs: 0},
    ...{job: new Job(7), attributes: new ProcessAttributes(), restrictions: new Restrictions()},
    syscalls: calls,
    space: {map: {}} as unknown as Space,
    program: {signalTrampoline: 0} as unknown as Program,
  })
  const context = fakeProcessor(STACK)
  const memory = new FakeUserMemory(BASE, 0x10000)
  const task = {
    ...{tid: 7, process, context, memory, credentials, name: 'test'},
    kernel: kernel as unknown as Kernel,
    fds: new FdTable(),
    arguments: argumentsOf([0x7777_7777_7777_7777n]),
    signals: new TaskSignals(signals),
    wait: undefined as Wait | undefined,
    block(this: {wait: Wait | undefined}, wait: Wait) {
      checkWait(wait)
      this.wait = wait
      return BLOCKED
    },
  } as unknown as Task
  process.usage.cpuTimeNs = () => kernel.cpuNs
  initOf(kernel).family.adopt(process)
  process.tasks.push(task)
  kernel.processes.set(process.pid, process)
  kernel.tasks.set(task.tid, task)
  task.signals.attach(task)
  return {task, process, kernel, context, memory}
}

/** The parent of first programs. */
function initOf({budget}: FakeKernel): Process {
  const limits = new ResourceLimits()
  return new ThreadGroup({
    ...{pid: 1, run: new Run(), limits, signals: new ProcessSignals(limits), budget, startedNs: 0},
    ...{job: new Job(1), attributes: new ProcessAttributes(), restrictions: new Restrictions()},
    syscalls: calls,
    space: {map: {}} as unknown as Space,
    program: {signalTrampoline: 0} as unknown as Program,
  })
}

/** Makes a call with these argument words. */
export function call({task}: Fake, syscall: Syscall, ...words: (number | bigint)[]): number {
  return syscall(task, argumentsOf(words))
}

function argumentsOf(words: readonly (number | bigint)[]): Arguments {
  const raw = (index: number) => BigInt.asUintN(64, BigInt(words[index] ?? 0))
  return {
    raw,
    address: (index) => Number(raw(index)),
    int32: (index) => Number(BigInt.asIntN(32, raw(index))),
    uint32: (index) => Number(BigInt.asUintN(32, raw(index))),
    int64: (index) => Number(BigInt.asIntN(64, raw(index))),
  }
}
