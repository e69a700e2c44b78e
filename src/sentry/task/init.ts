// Init: pid 1, the parent of the first program and of all orphans. It waits for them, and runs nothing.

import type {AddressSpace, Context} from '../../platform/platform.ts'
import {capabilitiesOf} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {ResourceLimits} from '../core/resource-limits.ts'
import {FdTable} from '../fd/fd-table.ts'
import {FsContext} from '../fd/fs-context.ts'
import {Space} from '../memory/space.ts'
import {Restrictions} from '../pledge/restrictions.ts'
import {Job} from '../tty/job.ts'
import {Scheduling} from './cpu/scheduling.ts'
import {makeProcess, makeTask} from './make.ts'
import {ProcessAttributes} from './process-attributes.ts'
import {Run} from './run.ts'

const UMASK = 0o022

/** A process like any other to the guest: kill(2) reaches it and does nothing, /proc shows it. */
export function createInit(kernel: Kernel): Process {
  const limits = new ResourceLimits()
  const pid = kernel.pids.take()
  const space = Space.create(kernel.platform, {
    ...{space: nowhere, limits, mmapBase: kernel.platform.userTop},
    budget: kernel.budget.part(),
  })
  const program = {
    executable: undefined,
    path: '',
    argv: ['init'],
    envp: [],
    auxv: new Uint8Array(0),
    signalTrampoline: 0,
  }
  const budget = kernel.budget.part()
  const process = makeProcess(kernel, {
    ...{pid, run: new Run(), space, limits, budget, program, syscalls: kernel.calls},
    ...{job: new Job(pid), attributes: new ProcessAttributes(), restrictions: new Restrictions()},
  })
  // As with Linux's init, signals without a handler are not even pending (SIGNAL_UNKILLABLE).
  process.signals.end()
  const {top} = kernel.rootMount
  const task = makeTask({
    ...{tid: pid, kernel, process, context: nobody(), name: 'init'},
    fds: new FdTable(kernel.budget),
    fs: new FsContext(top, top, UMASK),
    scheduling: new Scheduling(),
    credentials: {
      ...{uid: 0, ruid: 0, euid: 0, suid: 0, gid: 0, rgid: 0, egid: 0, sgid: 0, groups: []},
      ...capabilitiesOf(0),
    },
  })
  process.tasks.push(task)
  kernel.processes.set(pid, process)
  kernel.tasks.set(pid, task)
  return process
}

/** Nothing is ever mapped in it. */
const nowhere: AddressSpace = {
  map() {},
  unmap() {},
  commit() {},
  fork: () => nowhere,
  abandon() {},
  dispose() {},
}

/** It is never resumed, and makes no call. */
const nobody = () => ({argumentWords: new Int32Array(12), dispose() {}}) as unknown as Context
