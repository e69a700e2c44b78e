// A cgroup v2 of a sentry's own, where one is delegated to this process: limits that the host keeps, whatever becomes of the sentry.
//
// Linux, Documentation/admin-guide/cgroup-v2.rst. No cgroup has both processes and children with controllers. A process that enters a
// child of its cgroup leaves that one empty; if others are in it, the host gives the child no controllers (EBUSY). Unless told where
// to go, a process only enters a child of the cgroup that it was in, so that the bounds of that one bound the child, too.

import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {join, relative} from 'node:path'
import {ENODEV, ENOENT} from '../abi/errno.ts'
import {attempt} from '../errors.ts'

/** What the host shall limit. */
export interface HostLimits {
  /** The guest's. */
  memoryBytes: number
  /** The guest's processes and threads. */
  maxTasks: number
  cpus: number
  /** Of one CPU; undefined: no limit. */
  cpuQuotaPercent?: number
}

/** On top of guest memory: V8's heap, what the guest makes the sentry keep, page tables, file pages that the host can take back. */
const OWN_BYTES = 2 ** 30
/** On top of the guest's: Node's threads, and a platform's. */
const OWN_TASKS = 64
/** Microseconds: cpu.max's default. */
const PERIOD_US = 100_000
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
const NAME = /^hv-[0-9a-f]{16}$/
/** Another process's sweep may have removed the new cgroup as a leftover. */
const ATTEMPTS = 3

/** A cgroup that this process has entered. It can set the quota until it closes the file. */
export class Cgroup {
  readonly #cpuMax: number
  readonly #quota: string | undefined

  /**
   * Moves this process and its threads from `own`, the cgroup that they are in, into a new child of `parent`.
   * @throws Error with `errno`, as fs throws it: nothing has changed then
   */
  constructor(limits: HostLimits, own: string, parent = own) {
    requireControllers(parent)
    sweep(parent)
    const path = enterChild(parent)
    try {
      enableControllers(parent)
      for (const [file, value] of Object.entries(valuesOf(limits))) writeFileSync(join(path, file), value)
      this.#cpuMax = openSync(join(path, 'cpu.max'), constants.O_WRONLY | constants.O_CREAT)
    } catch (error) {
      leaveTo(own, path)
      throw error
    }
    const {cpuQuotaPercent} = limits
    if (cpuQuotaPercent !== undefined) this.#quota = `${(PERIOD_US / 100) * cpuQuotaPercent} ${PERIOD_US}`
  }

  /** hv itself has started: from now on the quota holds, also for what it does for the guest. */
  holdCpu(): void {
    try {
      if (this.#quota !== undefined) writeSync(this.#cpuMax, this.#quota)
    } finally {
      closeSync(this.#cpuMax)
    }
  }
}

/**
 * The directory of the cgroup that this process is in.
 * @param proc /proc/self
 * @throws Error with `errno`: there is no cgroup v2 here, or none of its directories is this process's
 */
export function ownCgroup(proc = '/proc/self'): string {
  const [, own] = /^0::(.*)$/m.exec(readFileSync(join(proc, 'cgroup'), 'latin1')) ?? []
  if (own === undefined) throw failure(ENODEV)
  for (const line of readFileSync(join(proc, 'mountinfo'), 'latin1').split('\n')) {
    const [, top, at] = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /.exec(line) ?? []
    // Outside the cgroup namespace.
    if (at === undefined || `${top}${own}/`.includes('/../')) continue
    const below = relative(top, own)
    if (!below.startsWith('..')) return join(decodeOctal(at), below)
  }
  throw failure(ENOENT)
}

/** Removes what ended sandboxes have left: none can do so itself. @param parent default: this process's own cgroup */
export function sweepCgroups(parent?: string): void {
  // There may be no cgroup.
  attempt(() => sweep(parent ?? ownCgroup()))
}

function sweep(parent: string): void {
  for (const name of readdirSync(parent)) if (NAME.test(name)) remove(join(parent, name))
}

/** Unless somebody is in it: it belongs to another sandbox, which is alive. */
function remove(path: string): void {
  attempt(() => rmdirSync(path))
}

function requireControllers(parent: string): void {
  const offered = readFileSync(join(parent, 'cgroup.controllers'), 'latin1').trim().split(/\s+/)
  if (!CONTROLLERS.every((name) => offered.includes(name))) throw failure(ENODEV)
}

/** @returns its path */
function enterChild(parent: string): string {
  for (let attempt = 1; ; attempt++) {
    const path = join(parent, newName())
    mkdirSync(path)
    try {
      enter(path)
      return path
    } catch (error) {
      remove(path)
      if (attempt === ATTEMPTS || !isGone(error)) throw error
    }
  }
}

/** From process and time: loading Node's random bytes takes 4 ms. */
function newName(): string {
  const ns = process.hrtime.bigint() & 0xff_ffff_ffffn
  return `hv-${process.pid.toString(16).padStart(6, '0')}${ns.toString(16).padStart(10, '0')}`
}

/** 0 is the writer, with all its threads, in any PID namespace. */
function enter(path: string): void {
  writeFileSync(join(path, 'cgroup.procs'), '0')
}

function leaveTo(own: string, path: string): void {
  try {
    enter(own)
    remove(path)
  } catch {
    // Meanwhile its own cgroup's children have been given controllers: staying in the new one, which limits nothing, is as good.
  }
}

function enableControllers(parent: string): void {
  const path = join(parent, 'cgroup.subtree_control')
  const enabled = readFileSync(path, 'latin1').trim().split(/\s+/)
  const missing = CONTROLLERS.filter((name) => !enabled.includes(name))
  if (missing.length > 0) writeFileSync(path, missing.map((name) => `+${name}`).join(' '))
}

/** The guest's and hv's. On ptrace a process has at most as many threads as CPUs (native/ptrace/README.md). */
export function mostTasks({maxTasks, cpus}: Pick<HostLimits, 'maxTasks' | 'cpus'>): number {
  return maxTasks * cpus + OWN_TASKS
}

function valuesOf({memoryBytes, maxTasks, cpus}: HostLimits): Record<string, string> {
  return {
    'memory.max': `${memoryBytes + OWN_BYTES}`,
    // A sentry is useless without its guest's processes.
    'memory.oom.group': '1',
    'pids.max': `${mostTasks({maxTasks, cpus})}`,
  }
}

function isGone(error: unknown): boolean {
  const {code} = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENODEV'
}

/** mountinfo writes blanks and the like in octal: proc(5). */
function decodeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function failure(errno: number): Error {
  return Object.assign(new Error('no cgroup v2'), {errno: -errno})
}
