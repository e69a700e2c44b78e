// Hosts whose output captures/ keeps: real kernels, which QEMU started on emulated processors.
//
// A capture has a title and sections: the kernel command line, MIDR_EL1, how PSCI is called, KVM's answers, lines of
// /proc/interrupts, and lines of the kernel log.

import {readFileSync} from 'node:fs'
import type {HostReport} from '../../../../src/check/finding.ts'
import type {HostOptions} from '../../../../src/check/host.ts'
import {inspectHost} from '../../../../src/check/inspect-host.ts'
import {folderOf} from '../fake-host.ts'

const ENOENT = 2
const AUXV_4K = auxv(4096)

export interface Change extends Omit<HostOptions, 'root' | 'probeKvm'> {
  /** Files that replace the captured ones; `absent`: none. */
  files?: Record<string, string | Buffer>
  /** /dev/kvm does not open, with this errno. */
  openErrno?: number
  ipaBits?: number
}

/** As an ordinary user sees it: no kernel log. KVM's answers stay. */
export const WITHOUT_LOG = {'/dev/kmsg': 'absent'}

export function checkCapture(name: string, change: Change = {}): Promise<HostReport> {
  const {files, openErrno, ipaBits, ...options} = change
  const section = readCapture(name)
  const kvm = section('kvm')
  const hasKvm = kvm !== 'absent'
  const answer = (key: string): string => new RegExp(`^${key} (\\S+)$`, 'm').exec(kvm)?.[1] ?? '0'
  const root = folderOf({
    '/proc/cmdline': `${section('cmdline')}\n`,
    '/proc/interrupts': `${section('interrupts')}\n`,
    '/proc/self/auxv': AUXV_4K,
    '/proc/device-tree/model': 'linux,dummy-virt\0',
    '/proc/device-tree/compatible': 'linux,dummy-virt\0',
    '/proc/device-tree/psci/method': `${section('psci')}\0`,
    '/sys/devices/system/cpu/cpu0/regs/identification/midr_el1': `${section('midr')}\n`,
    '/sys/devices/system/cpu/cpu1/regs/identification/midr_el1': `${section('midr')}\n`,
    '/sys/module/kvm/': '',
    '/sys/class/misc/kvm/dev': hasKvm ? '10:232\n' : 'absent',
    '/dev/kmsg': section('log'),
    '/proc/sys/kernel/seccomp/actions_avail': 'kill_process allow\n',
    ...files,
  })
  return inspectHost({
    root,
    machine: 'aarch64',
    kernel: '6.12.0',
    user: 'me',
    uid: 1000,
    groups: [1000],
    probeKvm: (_, capabilities) => {
      const errno = openErrno ?? (hasKvm ? 0 : ENOENT)
      const opens = errno === 0
      const numbers: Record<number, number> = {
        165: ipaBits ?? Number(answer('ipa')),
        240: Number(answer('el2')),
      }
      return {
        openErrno: errno,
        apiVersion: opens ? 12 : -1,
        createVmErrno: 0,
        extensions: opens ? capabilities.map((number) => numbers[number] ?? 1) : [],
        devices: opens ? [Number(answer('vgic-v2')), Number(answer('vgic-v3'))] : [],
        attributes: opens ? [Number(answer('smccc-filter'))] : [],
        registers: opens ? [BigInt(answer('id_aa64mmfr1'))] : [],
        guestXfeatures: null,
      }
    },
    proveTrap: () => ({ok: true, roundTripNs: 98_000}),
    proveStop: undefined,
    proveJail: undefined,
    ...options,
  })
}

export function auxv(pageSize: number): Buffer {
  const bytes = Buffer.alloc(48)
  const AT_HWCAP = 16n
  const AT_PAGESZ = 6n
  const words = [AT_HWCAP, 0x1234n, AT_PAGESZ, BigInt(pageSize), 0n, 0n]
  words.forEach((word, i) => {
    bytes.writeBigUInt64LE(word, i * 8)
  })
  return bytes
}

function readCapture(name: string): (section: string) => string {
  const text = readFileSync(new URL(`captures/${name}.txt`, import.meta.url), 'utf8')
  return (section) => {
    const found = new RegExp(`^@ ${section}\\n([^]*?)\\n(?:@ |$(?![^]))`, 'm').exec(text)
    if (!found) throw new Error(`no section ${section} in captures/${name}.txt`)
    return found[1]
  }
}
