// KVM behind its device: its API version, whether it makes a VM, and the capabilities that hv uses.

import {EBUSY, EIO, ENODEV, ENOMEM, EOPNOTSUPP} from '../abi/errno.ts'
import type {Capability, Check, Facts} from './facts.ts'
import type {Finding} from './finding.ts'
import {errnoName} from './kvm-device.ts'

/** Stable since Linux 2.6.22; the kernel's documentation says to refuse any other. */
const KVM_API_VERSION = 12

/** Other hypervisors' modules, which take the processor's virtualization for themselves. */
const RIVALS = [
  ['vboxdrv', 'VirtualBox'],
  ['vmmon', 'VMware'],
]

/** What hv uses of KVM on each architecture; the numbers are linux/kvm.h's. */
const COMMON: readonly Capability[] = [
  {name: 'IRQCHIP', number: 0, use: 'machines for kernels', isRequired: false},
  {name: 'USER_MEMORY', number: 3, use: 'guest memory', isRequired: true},
  {name: 'NR_MEMSLOTS', number: 10, use: 'guest memory in pieces', isRequired: true},
  {name: 'SYNC_MMU', number: 16, use: 'guest memory that the host changes', isRequired: true},
  {name: 'SET_GUEST_DEBUG', number: 23, use: 'debuggers of machines', isRequired: false},
  {name: 'IRQFD', number: 32, use: 'interrupts by descriptors', isRequired: false},
  {name: 'IOEVENTFD', number: 36, use: 'notifications of devices without exits', isRequired: false},
  {name: 'MAX_VCPUS', number: 66, use: 'threads', isRequired: true},
  {name: 'READONLY_MEM', number: 81, use: 'memory that guests only read', isRequired: false},
  {name: 'IMMEDIATE_EXIT', number: 136, use: 'interrupts without a race', isRequired: true},
]

/** By number. */
export function withCommon(own: readonly Capability[]): readonly Capability[] {
  return [...COMMON, ...own].toSorted((a, b) => a.number - b.number)
}

export const checkKvmApi: Check = ({kvm}) => {
  if (kvm.openErrno !== 0) return []
  const isRight = kvm.apiVersion === KVM_API_VERSION
  const finding: Finding = {
    id: 'kvm-api',
    title: 'KVM API',
    status: isRight ? 'ok' : 'fail',
    detail: isRight ? `Version ${KVM_API_VERSION}.` : `It is not KVM's API version ${KVM_API_VERSION}.`,
    evidence: `KVM_GET_API_VERSION: ${kvm.apiVersion}`,
  }
  if (!isRight) finding.fix = 'use a Linux kernel of 5.10 or later with its own KVM module'
  return [finding]
}

export const checkKvmVm: Check = (facts) => {
  const {kvm} = facts
  if (kvm.openErrno !== 0) return []
  const subject = {id: 'kvm-vm', title: 'Making a VM'}
  const evidence = `KVM_CREATE_VM: ${errnoName(kvm.createVmErrno)}`
  if (kvm.createVmErrno === 0) return {...subject, status: 'ok', detail: 'KVM makes one.', evidence}
  return {...subject, status: 'fail', ...diagnose(facts), evidence}
}

function diagnose({host, kvm}: Facts): Pick<Finding, 'detail' | 'fix'> {
  switch (kvm.createVmErrno) {
    case EBUSY: {
      const [module, name] = RIVALS.find(([candidate]) => host.hasModule(candidate)) ?? []
      if (!module) {
        return {
          detail: 'Another hypervisor uses the processor.',
          fix: 'stop the virtual machines of the other one',
        }
      }
      return {
        detail: `${name} uses the processor's virtualization.`,
        fix: `stop its virtual machines, then \`sudo modprobe -r ${module}\``,
      }
    }
    case EIO:
    case EOPNOTSUPP:
    case ENODEV:
      return {
        detail: 'The processor refuses virtualization.',
        fix: "switch it on in the firmware's set-up, or on the host of this virtual machine",
      }
    case ENOMEM:
      return {
        detail: 'The host has too little memory, or the limit of this process is too low.',
        fix: 'free memory',
      }
    default:
      return {
        detail: `KVM refuses (${errnoName(kvm.createVmErrno)}).`,
        fix: 'look for the reason with `sudo dmesg | grep -i kvm`',
      }
  }
}

export const checkKvmCapabilities: Check = ({kvm, capabilities}) => {
  if (kvm.openErrno !== 0) return []
  const missing = capabilities.filter((_, i) => !kvm.extensions[i])
  const required = missing.filter(({isRequired}) => isRequired)
  const finding: Finding = {
    id: 'kvm-capabilities',
    title: 'KVM capabilities',
    status: required.length > 0 ? 'fail' : missing.length > 0 ? 'warn' : 'ok',
    detail:
      missing.length === 0
        ? `All ${capabilities.length} that hv uses are there.`
        : `Missing: ${missing.map(({name, use}) => `${name} (${use})`).join(', ')}.`,
    evidence: `KVM_CHECK_EXTENSION: ${capabilities.map(({name}, i) => `${name}=${kvm.extensions[i] ?? 0}`).join(' ')}`,
  }
  if (missing.length > 0) finding.fix = 'use a newer kernel'
  return [finding]
}
