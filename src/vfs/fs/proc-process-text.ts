// /proc/PID/stat, statm, status, limits: Linux's formats (man 5 proc_pid_stat, proc_pid_status; fs/proc/array.c).

import type {Capabilities} from '../../abi/capability.ts'
import {USER_HZ} from '../../abi/time.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {ByteString} from '../file.ts'
import {cpuList} from './cpu-list.ts'
import type {ProcProcess} from './proc-source.ts'

const stateNames: Record<string, string> = {
  R: 'running',
  S: 'sleeping',
  D: 'disk sleep',
  T: 'stopped',
  Z: 'zombie',
}

/** @param isWhole whether times are the whole process's, not one task's */
export function statText(process: ProcProcess, isWhole: boolean): ByteString {
  const {parentPid, job, memory, faults, scheduling, cpuSeconds, systemSeconds} = process
  const {policy, nice, cpu} = scheduling
  const fields: (number | string)[] = [
    process.tid,
    `(${process.name})`,
    process.state,
    parentPid,
    job.group,
    job.session,
  ]
  // tty_nr tpgid flags minflt cminflt majflt cmajflt
  const {device, foregroundGroup} = process.terminal ?? {device: 0, foregroundGroup: -1}
  fields.push(device, foregroundGroup, 0, faults.process, faults.children, 0, 0)
  // utime stime cutime cstime
  const ticks = (seconds: number): number => Math.floor(seconds * USER_HZ)
  for (const who of [isWhole ? 'process' : 'task', 'children'] as const)
    fields.push(ticks(cpuSeconds[who] - systemSeconds[who]), ticks(systemSeconds[who]))
  // priority nice num_threads itrealvalue starttime
  fields.push(20 + nice, nice, process.tids.length, 0, ticks(process.startedSeconds))
  fields.push(memory.virtualBytes, Math.floor(memory.residentBytes / PAGE_SIZE), '18446744073709551615')
  // startcode endcode startstack kstkesp kstkeip: Linux shows zeros to callers that may not trace.
  fields.push(0, 0, 0, 0, 0)
  // signal blocked sigignore sigcatch: the low 31 bits; wchan nswap cnswap
  const {pending, blocked, ignored, caught} = process.signals
  for (const mask of [pending, blocked, ignored, caught])
    fields.push(Number.parseInt(mask.slice(-8), 16) & 0x7fffffff)
  fields.push(0, 0, 0, process.exitSignal)
  // processor rt_priority policy delayacct_blkio_ticks guest_time cguest_time, and seven addresses, exit_code
  fields.push(cpu, 0, policy, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  return `${fields.join(' ')}\n`
}

export function statmText({memory}: ProcProcess): ByteString {
  const pages = (bytes: number): number => Math.floor(bytes / PAGE_SIZE)
  return `${pages(memory.virtualBytes)} ${pages(memory.residentBytes)} 0 0 0 ${pages(memory.dataBytes)} 0\n`
}

export function statusText(process: ProcProcess): ByteString {
  const {tid, signals, state, hasMemory} = process
  const {effective, permitted, inheritable, bounding, ambient} = process.capabilities
  const lines: Line[] = [
    ['Name', escapeName(process.name)],
    ...umaskLines(process),
    ['State', `${state} (${stateNames[state] ?? 'running'})`],
    ['Tgid', process.pid],
    ['Ngid', 0],
    ['Pid', tid],
    ['PPid', process.parentPid],
    ['TracerPid', process.tracer],
    ['Uid', process.uids.join('\t')],
    ['Gid', process.gids.join('\t')],
    ['FDSize', 64],
    ['Groups', `${process.groups.join(' ')} `],
    ['NStgid', process.pid],
    ['NSpid', tid],
    ['NSpgid', process.job.group],
    ['NSsid', process.job.session],
    ...(hasMemory ? memoryLines(process) : []),
    ['Threads', process.tids.length],
    ['SigPnd', signals.pending],
    ['ShdPnd', signals.sharedPending],
    ['SigBlk', signals.blocked],
    ['SigIgn', signals.ignored],
    ['SigCgt', signals.caught],
    ['CapInh', mask(inheritable)],
    ['CapPrm', mask(permitted)],
    ['CapEff', mask(effective)],
    ['CapBnd', mask(bounding)],
    ['CapAmb', mask(ambient)],
    ['NoNewPrivs', Number(process.attributes.hasNoNewPrivileges)],
    ['Seccomp', process.seccomp.mode],
    ['Seccomp_filters', process.seccomp.filters],
    ['Cpus_allowed', process.scheduling.allowed.toString(16)],
    ['Cpus_allowed_list', cpuList(process.scheduling.allowed)],
    ['Mems_allowed', '1'],
    ['Mems_allowed_list', '0'],
    ['voluntary_ctxt_switches', process.switches.voluntary],
    ['nonvoluntary_ctxt_switches', process.switches.forced],
  ]
  return lines.map(([name, value]) => `${name}:\t${value}\n`).join('')
}

type Line = [name: string, value: string | number]

function umaskLines({fs}: ProcProcess): Line[] {
  return fs === undefined ? [] : [['Umask', fs.umask.toString(8).padStart(4, '0')]]
}

function memoryLines({memory, attributes}: ProcProcess): Line[] {
  return [
    ['VmPeak', kilobytes(memory.virtualBytes)],
    ['VmSize', kilobytes(memory.virtualBytes)],
    ['VmLck', kilobytes(memory.lockedBytes)],
    ['VmPin', kilobytes(0)],
    ['VmHWM', kilobytes(memory.peakBytes)],
    ['VmRSS', kilobytes(memory.residentBytes)],
    ['VmData', kilobytes(memory.dataBytes)],
    ['VmSwap', kilobytes(0)],
    ['CoreDumping', 0],
    ['THP_enabled', Number(!attributes.disablesHugePages)],
  ]
}

const mask = (set: Capabilities): string => set.toString(16).padStart(16, '0')

function kilobytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024)).padStart(8)} kB`
}

/** Escapes newlines and backslashes, as seq_escape does. */
function escapeName(name: ByteString): ByteString {
  return name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** By resource number: name and unit (fs/proc/base.c, lnames). */
const limitNames: readonly (readonly [name: string, unit: string])[] = [
  ['Max cpu time', 'seconds'],
  ['Max file size', 'bytes'],
  ['Max data size', 'bytes'],
  ['Max stack size', 'bytes'],
  ['Max core file size', 'bytes'],
  ['Max resident set', 'bytes'],
  ['Max processes', 'processes'],
  ['Max open files', 'files'],
  ['Max locked memory', 'bytes'],
  ['Max address space', 'bytes'],
  ['Max file locks', 'locks'],
  ['Max pending signals', 'signals'],
  ['Max msgqueue size', 'bytes'],
  ['Max nice priority', ''],
  ['Max realtime priority', ''],
  ['Max realtime timeout', 'us'],
]

export function limitsText(limits: ProcProcess['limits']): ByteString {
  let lines = 'Limit                     Soft Limit           Hard Limit           Units     \n'
  for (const [resource, [name, unit]] of limitNames.entries()) {
    const {soft, hard} = limits[resource] ?? {soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY}
    lines += `${name.padEnd(25)} ${limit(soft)} ${limit(hard)} ${unit.padEnd(10)}\n`
  }
  return lines
}

function limit(value: number): string {
  return (Number.isFinite(value) ? String(value) : 'unlimited').padEnd(20)
}
