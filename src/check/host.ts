// The host as the checks see it: files under a root, this process's rights, and what the kernel answers. A test brings its own.

import {closeSync, openSync, readFileSync, readSync, type Stats, statSync} from 'node:fs'
import {machine, release, userInfo} from 'node:os'
import {join} from 'node:path'
import type {KvmProbe} from './addon.ts'
import type {ProveTrap} from './finding.ts'

/** A model-specific register, or why it cannot be read. */
export type MsrValue = bigint | 'absent' | 'denied'

/** What a test replaces. */
export interface HostOptions {
  /** Where /proc, /sys, /dev, /etc and /run are looked up; default `/`. */
  root?: string
  /** `uname -m`. */
  machine?: string
  uid?: number
  /** The groups of this process, not of the user's entry in /etc/group. */
  groups?: number[]
  user?: string
  probeKvm?: ProbeKvm
  /** undefined: there is no proof, and so the host is not usable. */
  proveTrap?: ProveTrap | undefined
}

export type ProbeKvm = (path: string, capabilities: readonly number[]) => KvmProbe

/** The Linux name of hv's name of an architecture. */
const LINUX_MACHINE: Record<string, string> = {aarch64: 'arm64'}
const MSR_BYTES = 8

export class Host {
  readonly root: string
  readonly arch: string
  readonly kernel: string
  readonly uid: number
  readonly groups: readonly number[]
  readonly user: string
  readonly proveTrap: ProveTrap | undefined

  constructor(options: HostOptions = {}) {
    const name = options.machine ?? machine()
    this.root = options.root ?? '/'
    this.arch = LINUX_MACHINE[name] ?? name
    this.kernel = release()
    this.uid = options.uid ?? process.getuid!()
    this.groups = options.groups ?? [process.getegid!(), ...process.getgroups!()]
    this.user = options.user ?? userName()
    this.proveTrap = options.proveTrap
  }

  /** The text of a file, or null when it cannot be read. */
  read(path: string): string | null {
    try {
      return readFileSync(join(this.root, path), 'utf8')
    } catch {
      return null
    }
  }

  stat(path: string): Stats | undefined {
    try {
      return statSync(join(this.root, path))
    } catch {
      return undefined
    }
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined
  }

  hasModule(name: string): boolean {
    return this.exists(`/sys/module/${name}`)
  }

  /** Of CPU 0, through the msr module's device. */
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

  /** The entry of /etc/group, if there is one. */
  group(gid: number): {name: string; members: string[]} | undefined {
    for (const line of (this.read('/etc/group') ?? '').split('\n')) {
      const [name, , id, members = ''] = line.split(':')
      if (Number(id) === gid && id !== '') return {name, members: members.split(',')}
    }
    return undefined
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in /etc/passwd, as in many containers.
    return String(process.getuid!())
  }
}
