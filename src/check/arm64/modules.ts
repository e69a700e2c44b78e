// arm64: KVM in the kernel. There it is never a module: a kernel has it or not, and starts it at boot or not.

import type {Check} from '../facts.ts'
import {makesVms} from '../facts.ts'
import {kvmFailureOf} from './kernel-log.ts'
import {modeOf} from './mode.ts'

export const checkModules: Check = (facts) => {
  const {host} = facts
  const subject = {id: 'kernel-modules', title: 'KVM in the kernel'}
  const hasKvm = host.hasModule('kvm')
  const evidence = `/sys/module/kvm: ${hasKvm ? 'there' : 'absent'}`
  if (makesVms(facts)) return {...subject, status: 'ok', detail: 'The kernel has KVM.', evidence}

  const mode = modeOf(facts)
  if (mode === 'disabled') {
    return {
      ...subject,
      status: 'fail',
      detail: 'KVM is switched off by the kernel command line.',
      evidence: `${evidence}; /proc/cmdline: ${(host.read('/proc/cmdline') ?? '').trim()}`,
      fix: 'remove `kvm-arm.mode=none` from the kernel command line',
    }
  }
  if (mode === 'failed') {
    const failure = kvmFailureOf(host)
    return {
      ...subject,
      status: 'fail',
      detail: 'KVM could not start.',
      evidence: failure ? `kernel log: "${failure}"` : `${evidence}; it has no device`,
      fix: 'look for the reason with `sudo dmesg | grep -i kvm`, or take another kernel',
    }
  }
  if (hasKvm) return {...subject, status: 'ok', detail: 'The kernel has KVM.', evidence}
  return {
    ...subject,
    status: 'fail',
    detail: 'The kernel was built without KVM.',
    evidence,
    fix: 'use a kernel with CONFIG_KVM=y, such as the one of Debian, Ubuntu, Fedora or Raspberry Pi OS',
  }
}
