// A cgroup v2 of a sentry's own, where one is delegated to this process: limits that the host keeps, whatever becomes of the sentry.
//
// Linux, Documentation/admin-guide/cgroup-v2.rst. No cgroup has both processes and children with controllers: who enters a child of its
// cgroup leaves that one empty, or others are in it, and then the host gives the child no controllers (EBUSY). Unless it is told where,
// nobody goes anywhere but into a child of the cgroup that it was in: so what bounds that bounds the child, too.

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

/** What the host shall bound. */
export interface HostLimits {
  /** Of the guest. */
  memoryBytes: number
  /** Of the guest: processes and threads. */
  maxTasks: number
  cpus: number
  /** Of one CPU; undefined: no bound. */
  cpuQuotaPercent?: number
}

/** Besides guest memory: V8's heap, what the guest makes the sentry keep, page tables, pages of files that the host can take back. */
const OWN_BYTES = 2 ** 30
/** Besides the guest's: Node's threads, and a platform's. */
const OWN_TASKS = 64
/** Microseconds: cpu.max's default. */
const PERIOD_US = 100_000
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
const NAME = /^hv-[0-9a-f]{16}$/
/** Somebody who sweeps may have taken it for one that is left over. */
const ATTEMPTS = 3

/** What entered one says, until it closes the door behind it. */
export class Cgroup {
  readonly #cpuMax: number
  readonly #quota: string | undefined

  /**
   * This process and its threads go from `own`, the cgroup that they are in, into a new child of `parent`.
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

  /** hv itself has started: from now on the quota holds, of what it does for the guest, too. */
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
    // Beyond the top of a cgroup namespace.
    if (at === undefined || `${top}${own}/`.includes('/../')) continue
    const below = relative(top, own)
    if (!below.startsWith('..')) return join(decodeOctal(at), below)
  }
  throw failure(ENOENT)
}

/** Removes what sandboxes have left that have ended: none of them can do so itself. @param parent default: the own one */
export function sweepCgroups(parent?: string): void {
  try {
    sweep(parent ?? ownCgroup())
  } catch {
    // There is none.
  }
}

function sweep(parent: string): void {
  for (const name of readdirSync(parent)) if (NAME.test(name)) remove(join(parent, name))
}

/** If nobody is in it. */
function remove(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // Another sandbox's, which lives.
  }
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

/** By process and time: random bytes of Node's take 4 ms to load. */
function newName(): string {
  const ns = process.hrtime.bigint() & 0xff_ffff_ffffn
  return `hv-${process.pid.toString(16).padStart(6, '0')}${ns.toString(16).padStart(10, '0')}`
}

/** 0 is whoever writes, with all its threads, in whatever PID namespace. */
function enter(path: string): void {
  writeFileSync(join(path, 'cgroup.procs'), '0')
}

function leaveTo(own: string, path: string): void {
  try {
    enter(own)
    remove(path)
  } catch {
    // Somebody has given its own cgroup's children controllers meanwhile: the new one bounds nothing, and is as good.
  }
}

function enableControllers(parent: string): void {
  const path = join(parent, 'cgroup.subtree_control')
  const enabled = readFileSync(path, 'latin1').trim().split(/\s+/)
  const missing = CONTROLLERS.filter((name) => !enabled.includes(name))
  if (missing.length > 0) writeFileSync(path, missing.map((name) => `+${name}`).join(' '))
}

function valuesOf({memoryBytes, maxTasks, cpus}: HostLimits): Record<string, string> {
  return {
    'memory.max': `${memoryBytes + OWN_BYTES}`,
    // A sentry without its guest's processes is none.
    'memory.oom.group': '1',
    // On ptrace a process has as many threads as CPUs, at most (native/ptrace/README.md).
    'pids.max': `${maxTasks * cpus + OWN_TASKS}`,
  }
}

function isGone(error: unknown): boolean {
  const {code} = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENODEV'
}

/** mountinfo writes blanks and their like in octal: proc(5). */
function decodeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function failure(errno: number): Error {
  return Object.assign(new Error('no cgroup v2'), {errno: -errno})
}
