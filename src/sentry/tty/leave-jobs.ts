// leaveJobs: what the end of a process does to its terminal and to the jobs that it leaves behind. man 2 _exit, man 4 tty.

import {SIGCONT, SIGHUP} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'
import {newlyOrphanedGroups, signalGroup} from './groups.ts'

/**
 * For the kernel, when a process ends: `exit` is set, and its children still have it as their parent.
 * @param processes all processes, by pid; `ended` may be among them
 * @param heir gets its children; absent: init
 */
export function leaveJobs(processes: ReadonlyMap<number, Process>, ended: Process, heir?: Process): void {
  if (ended.job.session === ended.pid) endSession(processes, ended)
  for (const group of newlyOrphanedGroups(processes, ended, heir)) {
    signalGroup(processes.values(), group, SIGHUP)
    signalGroup(processes.values(), group, SIGCONT)
  }
}

function endSession(processes: ReadonlyMap<number, Process>, leader: Process): void {
  const {job} = leader
  const {terminal, hungUpGroup} = job
  job.terminal = job.hungUpGroup = undefined
  if (terminal !== undefined) terminal.leaderEnded()
  else if (hungUpGroup !== undefined) {
    signalGroup(processes.values(), hungUpGroup, SIGHUP)
    signalGroup(processes.values(), hungUpGroup, SIGCONT)
  }
}
