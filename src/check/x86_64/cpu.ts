// x86_64: the processor's own virtualization (VT-x, SVM), hosts that do without it (PVM), and nested virtualization.

import {type Check, type Facts, makesVms} from '../facts.ts'
import type {Finding} from '../finding.ts'
import type {Host} from '../host.ts'

export interface Cpu {
  vendor: string
  /** For people; '' when the host does not say. */
  model: string
  /** Width of physical addresses. */
  physicalBits: number | null
  flags: ReadonlySet<string>
}

/** The first processor of /proc/cpuinfo. */
export function cpuOf(host: Host): Cpu {
  const text = host.read('/proc/cpuinfo') ?? ''
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1].trim() ?? ''
  const bits = /^(\d+) bits physical/.exec(field('address sizes'))?.[1]
  return {
    vendor: field('vendor_id'),
    model: field('model name'),
    physicalBits: bits === undefined ? null : Number(bits),
    flags: new Set(field('flags').split(' ')),
  }
}

/** Linux's module for a PVM host: KVM with a paravirtual ring 0, without VT-x or SVM. */
export const PVM_MODULE = 'kvm_pvm'

export const checkCpu: Check = (facts) => {
  const {flags} = cpuOf(facts.host)
  const subject = {id: 'cpu-virtualization', title: 'Processor'}
  if (facts.host.read('/proc/cpuinfo') === null) {
    const detail = 'Whether it has VT-x or SVM is not known.'
    return {...subject, status: 'info', detail, evidence: '/proc/cpuinfo: not readable'}
  }
  const found = [
    ['vmx', 'VT-x'],
    ['svm', 'SVM'],
  ].find(([flag]) => flags.has(flag))
  if (found) {
    const [flag, name] = found
    return {...subject, status: 'ok', detail: `It has ${name}.`, evidence: `/proc/cpuinfo: flag ${flag}`}
  }
  const evidence = '/proc/cpuinfo: neither vmx nor svm among the flags'
  if (facts.host.hasModule(PVM_MODULE)) {
    return {...subject, status: 'info', detail: 'No VT-x and no SVM; PVM does without.', evidence}
  }
  if (makesVms(facts)) {
    return {...subject, status: 'warn', detail: 'No VT-x and no SVM is shown, yet KVM makes VMs.', evidence}
  }
  const isGuest = flags.has('hypervisor')
  return {
    ...subject,
    status: 'fail',
    detail: isGuest
      ? 'This is a virtual machine whose host does not pass VT-x or SVM on.'
      : 'It shows no VT-x and no SVM.',
    evidence: isGuest ? `${evidence}, hypervisor is` : evidence,
    fix: isGuest
      ? 'switch nested virtualization on at its host, or take a machine that has it (cloud: a metal instance)'
      : "switch VT-x (Intel) or SVM (AMD) on in the firmware's set-up, then power off and on",
  }
}

export const checkPvm: Check = ({host}) => {
  if (!host.hasModule(PVM_MODULE)) return []
  return {
    id: 'pvm',
    title: 'PVM host',
    status: 'ok',
    detail: 'KVM works without VT-x and SVM here. kvm-ok and virt-host-validate do not know that.',
    evidence: `/sys/module/${PVM_MODULE}`,
  }
}

/** null when no module has the parameter. */
export function isNested(host: Host): boolean | null {
  return nestedParameter(host)?.isOn ?? null
}

export const checkNested: Check = (facts) => {
  const parameter = nestedParameter(facts.host)
  if (!parameter) return []
  const {module, path, value, isOn} = parameter
  const finding: Finding = {
    id: 'nested',
    title: 'Nested virtualization',
    status: 'info',
    detail: isOn
      ? 'On: guests of KVM can use KVM.'
      : 'Off: guests of KVM cannot use KVM. hv does not need it.',
    evidence: `${path}: ${value}${layer(facts)}`,
  }
  if (!isOn) {
    finding.fix = `if you want it: \`echo options ${module} nested=1 | sudo tee /etc/modprobe.d/kvm.conf\`, then load ${module} again`
  }
  return [finding]
}

function nestedParameter(
  host: Host,
): {module: string; path: string; value: string; isOn: boolean} | undefined {
  const module = ['kvm_intel', 'kvm_amd'].find((name) => host.hasModule(name))
  const path = `/sys/module/${module}/parameters/nested`
  const value = module && host.read(path)?.trim()
  if (!module || value === undefined) return undefined
  return {module, path, value: value!, isOn: value === 'Y' || value === '1'}
}

function layer({host}: Facts): string {
  return cpuOf(host).flags.has('hypervisor') ? '; this host is itself a virtual machine' : ''
}
