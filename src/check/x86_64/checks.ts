// x86_64: the checks, in the order in which they are reported, and the part of the report that is for programs.

import {type ArchChecks, type Capability, type Check, type Facts, makesVms} from '../facts.ts'
import type {HostMachine} from '../finding.ts'
import type {Host} from '../host.ts'
import {withCommon} from '../kvm-vm.ts'
import {pageSizeOf} from '../surroundings.ts'
import {withCommonFeatures} from '../vm-features.ts'
import {checkCpu, checkNested, checkPvm, cpuOf, isNested, PVM_MODULE} from './cpu.ts'
import {checkFirmware} from './firmware.ts'

const VENDOR_MODULES = ['kvm_intel', 'kvm_amd', PVM_MODULE]

/** The kernel modules behind /dev/kvm. */
export const checkModules: Check = (facts) => {
  const {host} = facts
  const subject = {id: 'kernel-modules', title: 'Kernel modules'}
  const loaded = ['kvm', ...VENDOR_MODULES].filter((name) => host.hasModule(name))
  const evidence = `/sys/module: ${loaded.length > 0 ? loaded.join(', ') : 'no kvm'}`
  if (loaded.some((name) => VENDOR_MODULES.includes(name))) {
    return {...subject, status: 'ok', detail: `${loaded.join(' and ')} are loaded.`, evidence}
  }
  if (makesVms(facts)) {
    return {...subject, status: 'info', detail: 'None is shown; KVM makes VMs all the same.', evidence}
  }

  const {flags} = cpuOf(host)
  const wanted = flags.has('vmx') ? 'kvm_intel' : flags.has('svm') ? 'kvm_amd' : null
  const [detail, fix] = wanted
    ? [`${wanted} is not loaded.`, `load it: \`sudo modprobe ${wanted}\``]
    : [
        'No module for this processor is loaded.',
        `fix cpu-virtualization first, or load PVM where the kernel has it: \`sudo modprobe ${PVM_MODULE}\``,
      ]
  return {...subject, status: 'fail', detail, evidence, fix}
}

/** What hv uses of KVM; the numbers are linux/kvm.h's. */
export const CAPABILITIES: readonly Capability[] = withCommon([
  {name: 'EXT_CPUID', number: 7, use: "the guest's CPUID", isRequired: true},
  {name: 'XSAVE', number: 55, use: 'floating-point state', isRequired: true},
  {name: 'XCRS', number: 56, use: 'AVX', isRequired: true},
  {name: 'SYNC_REGS', number: 74, use: 'registers without a call', isRequired: true},
  {name: 'SIGNAL_MSI', number: 77, use: 'interrupts that are messages', isRequired: false},
  {name: 'EXIT_ON_EMULATION_FAILURE', number: 204, use: 'the shortest trap on PVM hosts', isRequired: false},
])

/** XCR0's TILECFG and TILEDATA: SDM vol. 1, 13.3. */
const XTILE = 0x60000n

export const FEATURES = withCommonFeatures([
  {label: 'a split interrupt controller', name: 'SPLIT_IRQCHIP', number: 121},
  {label: 'system management mode', name: 'X86_SMM', number: 117},
  {label: 'MSRs that exit', name: 'X86_USER_SPACE_MSR', number: 188},
  {label: 'an MSR filter', name: 'X86_MSR_FILTER', number: 189},
  {label: "Hyper-V's CPUID", name: 'HYPERV_CPUID', number: 167},
  // KVM may keep from guests what the processor has: PVM does.
  {
    label: 'AMX',
    name: 'XSAVE2',
    number: 208,
    isThere: (answer, {kvm}) => answer > 0 && ((kvm.guestXfeatures ?? 0n) & XTILE) === XTILE,
  },
  {label: "a nested guest's state", name: 'NESTED_STATE', number: 157},
  {label: 'clocks that hear of a pause', name: 'KVMCLOCK_CTRL', number: 76},
  {
    label: 'dirty rings',
    name: 'DIRTY_LOG_RING',
    number: 192,
    // PVM loses pages of them: src/vm/vm-options.ts.
    isThere: (answer, {host}) => answer > 0 && !host.hasModule(PVM_MODULE),
  },
])

export const x86_64: ArchChecks = {
  capabilities: CAPABILITIES,
  moreCapabilities: [],
  features: FEATURES,
  checks: [checkCpu, checkFirmware, checkModules, checkPvm, checkNested],
  machineOf,
}

function machineOf({host}: Facts): HostMachine {
  const {model, physicalBits} = cpuOf(host)
  return {
    cores: model ? [{name: model, implementer: null, part: null}] : [],
    mode: modeOf(host),
    ipaBits: physicalBits,
    vgic: null,
    pageSize: pageSizeOf(host),
    smcccFilter: null,
    nested: isNested(host),
  }
}

function modeOf(host: Host): string | null {
  if (host.hasModule(PVM_MODULE)) return 'pvm'
  const {flags} = cpuOf(host)
  return ['vmx', 'svm'].find((flag) => flags.has(flag)) ?? null
}
