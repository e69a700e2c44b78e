// The host as the checks see it: files under a root, this process's rights, and the kernel's answers. Tests bring their own.

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import {machine, release, userInfo} from 'node:os'
import {join} from 'node:path'
import {attempt} from '../errors.ts'
import type {KvmProbe, KvmQuestions} from './addon.ts'
import type {ProveJail, ProveStop, ProveTrap} from './finding.ts'

/** A model-specific register, or why it cannot be read. */
export type MsrValue = bigint | 'absent' | 'denied'

/** What tests replace. */
export interface HostOptions {
  /** Where /proc, /sys, /dev, /etc and /run are looked up; default `/`. */
  root?: string
  /** `uname -m`. */
  machine?: string
  /** `uname -r`. */
  kernel?: string
  uid?: number
  /** The groups of this process, not of the user's entry in /etc/group. */
  groups?: number[]
  user?: string
  probeKvm?: ProbeKvm
  /** undefined: there is no proof, so KVM does not count as usable. */
  proveTrap?: ProveTrap | undefined
  /** undefined: there is no proof, so ptrace does not count as usable. */
  proveStop?: ProveStop | undefined
  /** undefined: it is not tried. */
  proveJail?: ProveJail | undefined
  /** Compare with this board of boards/, whatever the host says that it is. */
  board?: string
  /** The folder of the board files; default: the package's. */
  boards?: string
}

export interface Group {
  name: string
  gid: number
  members: string[]
}

export type ProbeKvm = (path: string, capabilities: readonly number[], more?: KvmQuestions) => KvmProbe

/** Linux's name for an architecture, to hv's. */
const LINUX_MACHINE: Record<string, string> = {aarch64: 'arm64'}
const MSR_BYTES = 8
/** The longest record of /dev/kmsg: PRINTK_MESSAGE_MAX of the kernel. */
const KMSG_BYTES = 8192
const KMSG_RECORDS = 100_000

export class Host {
  readonly root: string
  readonly arch: string
  readonly kernel: string
  readonly uid: number
  readonly groups: readonly number[]
  readonly user: string

  constructor(options: HostOptions = {}) {
    const name = options.machine ?? machine()
    this.root = options.root ?? '/'
    this.arch = LINUX_MACHINE[name] ?? name
    this.kernel = options.kernel ?? release()
    this.uid = options.uid ?? process.getuid!()
    this.groups = options.groups ?? [process.getegid!(), ...process.getgroups!()]
    // In many containers a user has no entry in /etc/passwd.
    this.user = options.user ?? attempt(() => userInfo().username) ?? String(process.getuid!())
  }

  /** The text of a file, or null when it cannot be read. */
  read(path: string): string | null {
    return this.readBytes(path)?.toString() ?? null
  }

  /** The bytes of a file, or null when it cannot be read. */
  readBytes(path: string): Buffer | null {
    return attempt(() => readFileSync(join(this.root, path))) ?? null
  }

  /** The names in a folder; none when it cannot be read. */
  list(path: string): string[] {
    return attempt(() => readdirSync(join(this.root, path))) ?? []
  }

  /** The kernel's log since the boot, or null when this process may not read it (kernel.dmesg_restrict). */
  readKernelLog(): string | null {
    const path = join(this.root, '/dev/kmsg')
    const fd = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    if (fd === undefined) return null
    try {
      return readRecords(fd)
    } finally {
      closeSync(fd)
    }
  }

  stat(path: string): Stats | undefined {
    return attempt(() => statSync(join(this.root, path)))
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined
  }

  /** Whether this process may read and write a file. */
  mayUse(path: string): boolean {
    try {
      accessSync(join(this.root, path), constants.R_OK | constants.W_OK)
      return true
    } catch {
      return false
    }
  }

  /** Without sysctls, a setting that cannot be read may still exist. */
  get hasSysctls(): boolean {
    return this.exists('/proc/sys/kernel')
  }

  hasModule(name: string): boolean {
    return this.exists(`/sys/module/${name}`)
  }

  /** A register of CPU 0, through the msr module's device. */
  readMsr(register: number): MsrValue {
    const value = Buffer.alloc(MSR_BYTES)
    try {
      const fd = openSync(join(this.root, '/dev/cpu/0/msr'), 'r')
      try {
        return readSync(fd, value, 0, MSR_BYTES, register) === MSR_BYTES ? value.readBigUInt64LE() : 'absent'
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'absent'
    }
  }

  /** The entry of /etc/group, by number or name, if there is one. */
  group(wanted: number | string): Group | undefined {
    for (const line of (this.read('/etc/group') ?? '').split('\n')) {
      const [name, , id, members = ''] = line.split(':')
      if (id === String(wanted) || (id && name === wanted))
        return {name, gid: Number(id), members: members.split(',')}
    }
    return undefined
  }

  /** Whether the user has an entry in /etc/passwd, which tools that change a user require. */
  get isUserKnown(): boolean {
    return (this.read('/etc/passwd') ?? '').split('\n').some((line) => line.startsWith(`${this.user}:`))
  }
}

/** Each read gives one record; the last one fails with EAGAIN (Documentation/ABI/testing/dev-kmsg). */
function readRecords(fd: number): string {
  const chunk = Buffer.alloc(KMSG_BYTES)
  const records: Buffer[] = []
  for (let i = 0; i < KMSG_RECORDS; i++) {
    try {
      const length = readSync(fd, chunk)
      if (length === 0) break
      records.push(Buffer.from(chunk.subarray(0, length)))
    } catch (error) {
      // The record was overwritten before it could be read: the next read returns the one after it.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') break
    }
  }
  return Buffer.concat(records).toString('utf8')
}
