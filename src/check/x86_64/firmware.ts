// x86_64: whether the firmware switched VT-x or SVM off, from the register that shows it.

import {type Check, makesVms} from '../facts.ts'
import type {Finding} from '../finding.ts'
import {cpuOf, PVM_MODULE} from './cpu.ts'

/** IA32_FEATURE_CONTROL: SDM vol. 3, 24.7. Locked without the VMX bit: only a reset and the firmware can change it. */
const INTEL = {name: 'VT-x', register: 0x3a, isDisabled: (value: bigint) => (value & 0b101n) === 0b001n}
/** VM_CR, bit 4 SVMDIS: AMD APM vol. 2, 15.30.1. */
const AMD = {name: 'SVM', register: 0xc0010114, isDisabled: (value: bigint) => (value & 0x10n) !== 0n}

const BY_VENDOR: Record<string, typeof INTEL> = {
  GenuineIntel: INTEL,
  CentaurHauls: INTEL,
  Shanghai: INTEL,
  AuthenticAMD: AMD,
  HygonGenuine: AMD,
}

export const checkFirmware: Check = (facts) => {
  const {host} = facts
  const cpu = cpuOf(host)
  const vendor = BY_VENDOR[cpu.vendor]
  // Under a hypervisor, the hypervisor makes the register up; and a PVM host does not need either.
  if (!vendor || cpu.flags.has('hypervisor') || host.hasModule(PVM_MODULE)) return []

  const subject = {id: 'firmware', title: 'Firmware'}
  const path = '/dev/cpu/0/msr'
  const value = host.readMsr(vendor.register)
  if (typeof value === 'bigint') {
    const evidence = `${path}: register 0x${vendor.register.toString(16)} is 0x${value.toString(16)}`
    if (!vendor.isDisabled(value)) {
      return {...subject, status: 'ok', detail: `It leaves ${vendor.name} on.`, evidence}
    }
    return {
      ...subject,
      status: 'fail',
      detail: `It switched ${vendor.name} off.`,
      evidence,
      fix: `switch ${vendor.name} on in the firmware's set-up, then power off and on`,
    }
  }
  if (makesVms(facts)) {
    return {...subject, status: 'ok', detail: `It leaves ${vendor.name} on.`, evidence: 'KVM makes VMs'}
  }
  const finding: Finding = {
    ...subject,
    status: 'info',
    detail: `Whether it switched ${vendor.name} off could not be read.`,
    evidence: `${path}: ${value}`,
    fix: value === 'denied' ? 'run `sudo hv check`' : 'run `sudo modprobe msr`, then `sudo hv check`',
  }
  return [finding]
}
