// A program on a scripted platform: its first task makes the calls of a list.

import {CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM} from '../../../src/abi/clone.ts'
import {arch} from '../../../src/arch/index.ts'
import {capabilitiesOf} from '../../../src/sentry/core/credentials.ts'
import type {Kernel} from '../../../src/sentry/core/kernel.ts'
import {ResourceLimits} from '../../../src/sentry/core/resource-limits.ts'
import {FdTable} from '../../../src/sentry/fd/fd-table.ts'
import {FsContext} from '../../../src/sentry/fd/fs-context.ts'
import {SentryKernel} from '../../../src/sentry/kernel.ts'
import {Space} from '../../../src/sentry/memory/space.ts'
import {Restrictions} from '../../../src/sentry/pledge/restrictions.ts'
import {ProcessSignals} from '../../../src/sentry/signals/process-signals.ts'
import {TaskSignals} from '../../../src/sentry/signals/task-signals.ts'
import {table} from '../../../src/sentry/syscalls/table.ts'
import {Scheduling} from '../../../src/sentry/task/cpu/scheduling.ts'
import {ThreadGroup} from '../../../src/sentry/task/process.ts'
import {ProcessAttributes} from '../../../src/sentry/task/process-attributes.ts'
import {Run} from '../../../src/sentry/task/run.ts'
import {GuestThread} from '../../../src/sentry/task/task.ts'
import {Job} from '../../../src/sentry/tty/job.ts'
import {Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import type {Mount} from '../../../src/vfs/location.ts'
import {mountRoot} from '../../../src/vfs/mount-tree.ts'
import {VirtualFileSystem} from '../../../src/vfs/virtual-file-system.ts'
import {calls} from './calls.ts'
import type {ScriptedContext, ScriptedPlatform, Step} from './scripted-platform.ts'

const number = (name: string): number => table.find((row) => row.name === name)![arch.name]!
export const call = (name: string, ...args: number[]): Step => [number(name), ...args]

const THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
export const newThread = call('clone', THREAD, 0x1000)

interface Surroundings {
  readonly maxTasks?: number
  /** Absent: a new one, with an empty tree. */
  readonly kernel?: Kernel
}

export function program(
  platform: ScriptedPlatform,
  first: Iterable<Step>,
  {maxTasks, kernel: given}: Surroundings = {},
) {
  const kernel = given ?? new SentryKernel(platform, calls, emptyTree(platform), 'test', undefined, maxTasks)
  platform.scripts.unshift(first)
  const limits = new ResourceLimits()
  const signals = new ProcessSignals(limits)
  const budget = kernel.budget.part()
  const pid = kernel.pids.take()
  const process = new ThreadGroup({
    ...{pid, run: new Run(), limits, signals, startedNs: 0, syscalls: calls},
    ...{job: new Job(pid), attributes: new ProcessAttributes(), restrictions: new Restrictions()},
    budget,
    space: Space.create(platform, {
      ...{space: platform.createSpace(), limits, budget, mmapBase: platform.userTop},
    }),
    program: {
      executable: undefined,
      path: '',
      argv: [],
      envp: [],
      auxv: new Uint8Array(),
      signalTrampoline: 0,
    },
  })
  process.run.first = process
  kernel.init.family.adopt(process)
  const {top} = kernel.rootMount
  const credentials = {
    ...{uid: 0, ruid: 0, euid: 0, suid: 0, gid: 0, rgid: 0, egid: 0, sgid: 0, groups: []},
    ...capabilitiesOf(0),
  }
  const context = platform.createContext()
  const task = new GuestThread({
    ...{tid: pid, kernel, process, context, credentials, name: 'test'},
    fds: new FdTable(),
    fs: new FsContext(top, top, 0),
    signals: new TaskSignals(signals),
    scheduling: new Scheduling(),
  })
  kernel.start(process, task)
  return {kernel, process, context: context as ScriptedContext}
}

function emptyTree({memory, host}: ScriptedPlatform): Mount {
  return mountRoot(new Tmpfs(memory), new VirtualFileSystem(host))
}
