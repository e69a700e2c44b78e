// Which parts of the VM API this host has that not every KVM has. hv needs none of them.

import {CAP_SYS_PTRACE} from '../abi/capability.ts'
import type {Facts} from './facts.ts'
import type {Finding} from './finding.ts'
import type {Host} from './host.ts'
import {hasCapability} from './process-rights.ts'

/** A part of the VM API, and the capability of KVM that it takes. */
export interface Feature {
  /** For people. */
  label: string
  /** Without the prefix KVM_CAP_. */
  name: string
  /** Its number in linux/kvm.h. */
  number: number
  /** Whether KVM's answer means that the host has it; default: any but 0. */
  isThere?: (answer: number, facts: Facts) => boolean
}

const isAny = (answer: number): boolean => answer > 0
/** GUEST_MEMFD_FLAG_MMAP and _INIT_SHARED. */
const isMapped = (flags: number): boolean => (flags & 3) === 3
/** A bit for each type; KVM_X86_SW_PROTECTED_VM. arm64's answer is 0. */
const hasSwProtected = (types: number): boolean => (types & 2) !== 0

/** What an architecture asks, and the order of the report. */
export function withCommonFeatures(own: readonly Feature[]): readonly Feature[] {
  return [
    ...own,
    {label: 'dirty pages cleared by the owner', name: 'MANUAL_DIRTY_LOG_PROTECT2', number: 168},
    {label: 'statistics', name: 'BINARY_STATS_FD', number: 203},
    {label: 'guest_memfd that the host maps', name: 'GUEST_MEMFD_FLAGS', number: 244, isThere: isMapped},
    {label: 'private memory', name: 'VM_TYPES', number: 235, isThere: hasSwProtected},
    {label: 'pre-faulting', name: 'PRE_FAULT_MEMORY', number: 236},
  ]
}

/** @param features those that the last of `kvm.extensions` are about, in the same order */
export function checkVmFeatures(facts: Facts, features: readonly Feature[]): Finding[] {
  const {kvm, host} = facts
  if (kvm.openErrno !== 0 || kvm.apiVersion < 0) return []
  const answers = kvm.extensions.slice(-features.length)
  const sizes = hugetlbSizes(host)
  const all: [label: string, isThere: boolean][] = [
    ...features.map(({label, isThere = isAny}, i): [string, boolean] => [label, isThere(answers[i], facts)]),
    ['userfaultfd', hasUserfaultfd(host)],
    ['hugetlb pages', sizes.length > 0],
  ]
  const labels = (wanted: boolean): string =>
    all.flatMap(([label, isThere]) => (isThere === wanted ? [label] : [])).join(', ') || 'nothing'
  const asked = features.map(({name}, i) => `${name}=${answers[i]}`).join(' ')
  return [
    {
      id: 'vm-features',
      title: 'VM API',
      status: 'info',
      detail: `Beyond what hv needs, this host has: ${labels(true)}. It lacks: ${labels(false)}.`,
      evidence: `KVM_CHECK_EXTENSION: ${asked}; reserved hugetlb pages: ${sizes.join(', ') || 'none'}`,
    },
  ]
}

/** KVM faults in the kernel, which the sysctl forbids to users; CAP_SYS_PTRACE and the device do not ask it. man 2 userfaultfd. */
function hasUserfaultfd(host: Host): boolean {
  if (host.mayUse('/dev/userfaultfd')) return true
  const setting = host.read('/proc/sys/vm/unprivileged_userfaultfd')?.trim()
  return setting !== undefined && (setting === '1' || hasCapability(host, CAP_SYS_PTRACE))
}

/** Sizes of which the host has reserved pages: Documentation/admin-guide/mm/hugetlbpage.rst. */
function hugetlbSizes(host: Host): string[] {
  const folder = '/sys/kernel/mm/hugepages'
  return host
    .list(folder)
    .filter((name) => Number(host.read(`${folder}/${name}/nr_hugepages`) ?? 0) > 0)
    .map((name) => name.replace(/^hugepages-/, ''))
    .toSorted()
}
