// What the ptrace platform needs of the kernel: pages of 4 KiB, PTRACE_SYSEMU, seccomp filters.

import {type Check, type Facts, tracesProcesses} from '../facts.ts'
import type {Host} from '../host.ts'
import {pageSizeOf} from '../surroundings.ts'

const PAGE_BYTES = 4096
/** Linux 5.3: "arm64: ptrace: add support for syscall emulation". All kernels that hv supports have it on x86_64. */
const SYSEMU_ON_ARM64 = [5, 3] as const
/** Documentation/userspace-api/seccomp_filter.rst, "Sysctls"; since Linux 4.14, if built with CONFIG_SECCOMP_FILTER. */
const SECCOMP_ACTIONS = '/proc/sys/kernel/seccomp/actions_avail'

interface Lack {
  what: string
  fix: string
}

export const checkKernel: Check = (facts) => {
  const subject = {id: 'ptrace-kernel', title: 'Kernel for ptrace'}
  const {host} = facts
  const pageBytes = pageSizeOf(host)
  const evidence = `uname -r: ${host.kernel}; AT_PAGESZ: ${pageBytes ?? 'not read'}; ${SECCOMP_ACTIONS}: ${host.read(SECCOMP_ACTIONS)?.trim() ?? 'absent'}`
  if (!host.hasSysctls && !tracesProcesses(facts)) {
    return {...subject, status: 'info', detail: 'Whether it has seccomp filters is not known.', evidence}
  }
  const lacks = tracesProcesses(facts) ? [] : lacksOf(facts, pageBytes)
  if (lacks.length === 0) {
    const detail = 'It has what hv uses: PTRACE_SYSEMU, seccomp filters, pages of 4 KiB.'
    return {...subject, status: 'ok', detail, evidence}
  }
  return {
    ...subject,
    status: 'fail',
    detail: `It has ${lacks.map(({what}) => what).join(', ')}.`,
    evidence,
    fix: lacks.map(({fix}) => fix).join('; '),
  }
}

function lacksOf({host}: Facts, pageBytes: number | null): Lack[] {
  const lacks: Lack[] = []
  if (pageBytes !== null && pageBytes !== PAGE_BYTES) {
    lacks.push({
      what: `pages of ${pageBytes / 1024} KiB: ptrace can give a guest no smaller ones`,
      fix: 'boot a kernel with pages of 4 KiB (Raspberry Pi: `kernel=kernel8.img` in config.txt), or fix KVM, which does with any',
    })
  }
  if (host.arch === 'arm64' && isOlder(host, SYSEMU_ON_ARM64)) {
    lacks.push({what: 'no PTRACE_SYSEMU, which came with 5.3', fix: 'use a kernel of 5.3 or later'})
  }
  if (!host.exists(SECCOMP_ACTIONS)) {
    lacks.push({what: 'no seccomp filters', fix: 'use a kernel with CONFIG_SECCOMP_FILTER=y'})
  }
  return lacks
}

function isOlder(host: Host, [major, minor]: readonly [number, number]): boolean {
  const version = /^(\d+)\.(\d+)/.exec(host.kernel)
  if (!version) return false
  const [, ownMajor, ownMinor] = version.map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
