// A fake host: files in a temporary folder, and the answers of /dev/kvm.

import {chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {onTestFinished} from 'vitest'
import type {KvmProbe} from '../../../src/check/addon.ts'
import type {Finding, HostReport, ProveStop} from '../../../src/check/finding.ts'
import type {HostOptions} from '../../../src/check/host.ts'
import {inspectHost} from '../../../src/check/inspect-host.ts'
import type {HvError} from '../../../src/errors.ts'
import {ptraceError} from '../../../src/platform/ptrace/ptrace-error.ts'

export interface FakeHost extends Omit<HostOptions, 'root' | 'probeKvm'> {
  /** Text by absolute path; a path that ends in / is a folder. */
  files?: Record<string, string>
  kvm?: Partial<KvmProbe>
  /** The mode of the fake /dev/kvm. */
  kvmMode?: number
}

/** The group of the fake /dev/kvm. Root's own group would change the findings. */
export const KVM_GID = process.getegid!() || 77

export const INTEL = 'vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n'
export const AMD = 'vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n'
export const NO_FLAGS = 'vendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor\n'

/** A proof that traced a process. */
export const STOPS: ProveStop = () => ({ok: true, roundTripNs: 9000, namespaces: ['user', 'pid']})

/** Fails as the platform's constructor does where the kernel refuses: src/platform/ptrace/ptrace-error.ts. */
export const REFUSES: ProveStop = () => {
  throw refusal(1)
}

export function refusal(errno: number): HvError {
  const cause = Object.assign(new Error('PTRACE_TRACEME: refused'), {errno})
  return ptraceError(cause)
}

/** An Intel machine where all of KVM is right and ptrace is not tried, except for what `fake` changes. */
export function check(fake: FakeHost = {}): Promise<HostReport> {
  const {files, kvm, kvmMode = 0o660, ...options} = fake
  const root = folderOf({
    '/proc/cpuinfo': INTEL,
    '/sys/module/kvm/': '',
    '/sys/module/kvm_intel/': '',
    '/dev/kvm': '',
    '/proc/sys/kernel/seccomp/actions_avail': 'kill_process allow\n',
    ...files,
  })
  chmodSync(join(root, '/dev/kvm'), kvmMode)
  if (process.getuid!() === 0) chownSync(join(root, '/dev/kvm'), 0, KVM_GID)

  return inspectHost({
    root,
    machine: 'x86_64',
    kernel: '6.12.0',
    proveJail: undefined,
    user: 'me',
    uid: 1000,
    groups: [1000],
    probeKvm: (_, capabilities) => {
      const opens = (kvm?.openErrno ?? 0) === 0
      return {
        openErrno: 0,
        apiVersion: opens ? 12 : -1,
        createVmErrno: 0,
        extensions: opens ? capabilities.map(() => 1) : [],
        devices: [],
        attributes: [],
        registers: [],
        guestXfeatures: null,
        ...kvm,
      }
    },
    proveTrap: () => ({ok: true, roundTripNs: 36_000, pollingNs: 1400}),
    proveStop: undefined,
    ...options,
  })
}

export function find(report: HostReport, id: string): Finding {
  const finding = report.findings.find((candidate) => candidate.id === id)
  if (!finding) throw new Error(`no finding ${id} among ${report.findings.map((each) => each.id).join(', ')}`)
  return finding
}

/** An Intel machine whose modules are not loaded. */
export function withoutModules(cpuinfo: string): Promise<HostReport> {
  return check({
    files: {'/proc/cpuinfo': cpuinfo, '/sys/module/kvm/': 'absent', '/sys/module/kvm_intel/': 'absent'},
    kvm: {openErrno: 2},
  })
}

/** A temporary folder with these files, by absolute path; a path that ends in / is a folder; `absent` is not made. */
export function folderOf(files: Record<string, string | Buffer>): string {
  const root = mkdtempSync(join(tmpdir(), 'hv-check-'))
  onTestFinished(() => rmSync(root, {recursive: true}))
  for (const [path, content] of Object.entries(files)) write(join(root, path), content)
  return root
}

function write(path: string, text: string | Buffer): void {
  if (text === 'absent') return
  if (path.endsWith('/')) {
    mkdirSync(path, {recursive: true})
    return
  }
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, text)
}
