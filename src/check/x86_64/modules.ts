// x86_64: the kernel modules behind /dev/kvm.

import {type Check, makesVms} from '../facts.ts'
import {cpuOf, PVM_MODULE} from './cpu.ts'

const VENDOR_MODULES = ['kvm_intel', 'kvm_amd', PVM_MODULE]

export const checkModules: Check = (facts) => {
  const {host} = facts
  const subject = {id: 'kernel-modules', title: 'Kernel modules'}
  const loaded = ['kvm', ...VENDOR_MODULES].filter((name) => host.hasModule(name))
  const evidence = `/sys/module: ${loaded.length > 0 ? loaded.join(', ') : 'no kvm'}`
  if (loaded.some((name) => VENDOR_MODULES.includes(name))) {
    return [{...subject, status: 'ok', detail: `${loaded.join(' and ')} are loaded.`, evidence}]
  }
  if (makesVms(facts)) {
    return [{...subject, status: 'info', detail: 'None is shown; KVM makes VMs all the same.', evidence}]
  }

  const {flags} = cpuOf(host)
  const wanted = flags.has('vmx') ? 'kvm_intel' : flags.has('svm') ? 'kvm_amd' : null
  const [detail, mend] = wanted
    ? [`${wanted} is not loaded.`, `load it: \`sudo modprobe ${wanted}\``]
    : [
        'No module for this processor is loaded.',
        `mend cpu-virtualization first, or load PVM where the kernel has it: \`sudo modprobe ${PVM_MODULE}\``,
      ]
  return [{...subject, status: 'fail', detail, evidence, mend}]
}
