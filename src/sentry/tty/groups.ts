// Process groups as jobs: signals to all members, groups that nobody could continue, and what a process's end does to both. POSIX, "Orphaned
// Process Group"; man 2 _exit, man 4 tty.

import {SIGCONT, SIGHUP, SIGSTOP} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'

/** Signals the present members, not those that end or begin meanwhile. */
export function signalGroup(processes: Iterable<Process>, group: number, signal: number): void {
  for (const member of membersOf(processes, group)) member.signals.raise(signal)
}

/** The init process connects no job to its session. */
const INIT_PID = 1

/**
 * Whether no member has a parent in another group of the same session, which could continue the group.
 * @param ending counts as gone; its children get `heir` as their parent
 */
export function isOrphanedGroup(
  processes: ReadonlyMap<number, Process>,
  group: number,
  ending?: Process,
  heir?: Process,
): boolean {
  return !membersOf(processes.values(), group).some((member) => {
    if (member === ending) return false
    const parent = member.family.parentPid === ending?.pid ? heir : processes.get(member.family.parentPid)
    return parent !== undefined && parent.exit === undefined && connects(parent, member)
  })
}

/**
 * What the end of a process does to its terminal and to the jobs that it leaves behind: `exit` is set, and its children still have it as their parent.
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
  if (terminal !== undefined) terminal.leaderEnded(leader)
  else if (hungUpGroup !== undefined) {
    signalGroup(processes.values(), hungUpGroup, SIGHUP)
    signalGroup(processes.values(), hungUpGroup, SIGCONT)
  }
}

/**
 * The groups with stopped members that nobody can continue any longer, because `ended` was the last who could: they get
 * SIGHUP and SIGCONT (_exit(2)). Call while its children still have it as their parent.
 * @param heir the new parent; absent: init
 */
export function newlyOrphanedGroups(
  processes: ReadonlyMap<number, Process>,
  ended: Process,
  heir?: Process,
): number[] {
  const touched = new Set<number>()
  const parent = processes.get(ended.family.parentPid)
  if (parent !== undefined && connects(parent, ended)) touched.add(ended.job.group)
  for (const child of ended.family.children) if (connects(ended, child)) touched.add(child.job.group)
  return [...touched].filter((group) => {
    const members = membersOf(processes.values(), group)
    const isStopped = members.some((member) => member !== ended && member.signals.stopped)
    return isStopped && isOrphanedGroup(processes, group, ended, heir)
  })
}

/**
 * Whether the default action of a stop signal stops a process. SIGSTOP always does; SIGTSTP, SIGTTIN and SIGTTOU do not if nobody
 * could continue the job. A child of init, with its own session and no terminal, is hv's first program: hv's shell may continue it.
 */
export function mayStop(processes: ReadonlyMap<number, Process>, process: Process, signal: number): boolean {
  if (signal === SIGSTOP) return true
  const {terminal, group} = process.job
  if (terminal !== undefined) return !terminal.isOrphaned(process)
  const members = membersOf(processes.values(), group)
  const isFirst = members.some(({pid, family, job}) => family.parentPid === INIT_PID && job.session === pid)
  return isFirst || !isOrphanedGroup(processes, group)
}

function connects(parent: Process, member: Process): boolean {
  return (
    parent.pid !== INIT_PID &&
    parent.job.group !== member.job.group &&
    parent.job.session === member.job.session
  )
}

/** Those that are alive. */
function membersOf(processes: Iterable<Process>, group: number): Process[] {
  return [...processes].filter((process) => process.job.group === group && process.exit === undefined)
}
