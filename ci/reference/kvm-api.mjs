// The table of docs/reference/kvm.md: every ioctl and capability of linux/kvm.h, and how one reaches it from JavaScript.

import {readFileSync} from 'node:fs'
import {root} from '../paths.mjs'

export const HEADER = '/usr/include/linux/kvm.h'

const CREATE = '`Vm.create`'
const SAVE = '`vcpu.save`, `vcpu.restore`'
const SAVE_VM = '`vm.save`, `Vm.restore`'
const REGISTERS = '`vcpu.registers`'
const IRQCHIP = '`Vm.create({irqchip})`'

/** What has a name in the VM API, and which. */
export const NAMED = {
  KVM_GET_API_VERSION: CREATE,
  KVM_CREATE_VM: CREATE,
  KVM_CHECK_EXTENSION: '`checkExtension`',
  KVM_ENABLE_CAP: `${CREATE}: what api.rst leaves to the user and hv needs`,
  KVM_SET_USER_MEMORY_REGION: `${CREATE}, \`vm.addMemory\``,
  KVM_GET_DIRTY_LOG: '`vm.memory.takeDirty`, `slot.takeDirty`',
  KVM_SET_TSS_ADDR: CREATE,
  KVM_SET_IDENTITY_MAP_ADDR: CREATE,
  KVM_CREATE_IRQCHIP: IRQCHIP,
  KVM_CREATE_PIT2: IRQCHIP,
  KVM_CREATE_DEVICE: `${IRQCHIP}: a GIC`,
  KVM_SET_DEVICE_ATTR: `${IRQCHIP}, ${SAVE_VM}`,
  KVM_GET_DEVICE_ATTR: SAVE_VM,
  KVM_HAS_DEVICE_ATTR: `${IRQCHIP}, SMCCC filter`,
  KVM_IRQ_LINE: '`irqchip.line`, `vcpu.line`',
  KVM_SIGNAL_MSI: '`irqchip.sendMsi`',
  KVM_SET_GSI_ROUTING: '`irqchip.irqfd` of a message',
  KVM_IRQFD: '`irqchip.irqfd`',
  KVM_IOEVENTFD: '`vm.ioeventfd`',
  KVM_GET_IRQCHIP: SAVE_VM,
  KVM_SET_IRQCHIP: SAVE_VM,
  KVM_GET_PIT2: SAVE_VM,
  KVM_SET_PIT2: SAVE_VM,
  KVM_GET_CLOCK: SAVE_VM,
  KVM_SET_CLOCK: SAVE_VM,
  KVM_ARM_SET_COUNTER_OFFSET: SAVE_VM,
  KVM_CREATE_VCPU: '`vm.createVcpu`',
  KVM_GET_VCPU_MMAP_SIZE: '`vm.createVcpu`',
  KVM_ARM_PREFERRED_TARGET: '`vm.createVcpu`',
  KVM_ARM_VCPU_INIT: '`vm.createVcpu`',
  KVM_RUN: '`vcpu.run`, `vcpu.runAsync`, `vm.start`',
  KVM_GET_REGS: REGISTERS,
  KVM_SET_REGS: REGISTERS,
  KVM_GET_SREGS: REGISTERS,
  KVM_SET_SREGS: REGISTERS,
  KVM_GET_ONE_REG: REGISTERS,
  KVM_SET_ONE_REG: REGISTERS,
  KVM_GET_REG_LIST: SAVE,
  KVM_GET_MSR_INDEX_LIST: '`vcpu.msrs.indexes`',
  KVM_GET_MSRS: '`vcpu.msrs`',
  KVM_SET_MSRS: '`vcpu.msrs`',
  KVM_GET_SUPPORTED_CPUID: '`vcpu.cpuid`',
  KVM_GET_CPUID2: '`vcpu.cpuid`',
  KVM_SET_CPUID2: '`vcpu.cpuid`',
  KVM_INTERRUPT: '`vcpu.interrupt`, with a vector',
  KVM_GET_STATS_FD: '`vm.statistics`, `vcpu.statistics`',
  KVM_NMI: '`vcpu.nmi`',
  KVM_SMI: '`vcpu.smi`',
  KVM_SET_GUEST_DEBUG: '`vcpu.debug`',
  KVM_GET_XSAVE: `${SAVE}; \`vcpu.vectors\``,
  KVM_GET_XSAVE2: SAVE,
  KVM_SET_XSAVE: `${SAVE}; \`vcpu.vectors\``,
  KVM_GET_LAPIC: SAVE,
  KVM_SET_LAPIC: SAVE,
  KVM_GET_MP_STATE: SAVE,
  KVM_SET_MP_STATE: SAVE,
  KVM_GET_VCPU_EVENTS: SAVE,
  KVM_SET_VCPU_EVENTS: SAVE,
  KVM_GET_DEBUGREGS: SAVE,
  KVM_SET_DEBUGREGS: SAVE,
  KVM_GET_XCRS: SAVE,
  KVM_SET_XCRS: SAVE,
  KVM_GET_NESTED_STATE: SAVE,
  KVM_SET_NESTED_STATE: SAVE,
  KVM_GET_TSC_KHZ: SAVE,
  KVM_SET_TSC_KHZ: SAVE,
}

/** What the VM API has no name for, and why. */
export const REPLACED = {
  KVM_CREATE_PIT: 'KVM_CREATE_PIT2 replaces it',
  KVM_GET_PIT: 'KVM_GET_PIT2 replaces it',
  KVM_SET_PIT: 'KVM_SET_PIT2 replaces it',
  KVM_SET_CPUID: 'KVM_SET_CPUID2 replaces it',
  KVM_ARM_SET_DEVICE_ADDR: 'KVM_SET_DEVICE_ATTR replaces it',
  KVM_SET_SIGNAL_MASK: 'kvm_run.immediate_exit replaces it: `vcpu.interrupt()`',
  KVM_GET_FPU: 'KVM_GET_XSAVE has more: `vcpu.vectors`',
  KVM_SET_FPU: 'KVM_SET_XSAVE has more: `vcpu.vectors`',
  KVM_IRQ_LINE_STATUS: 'KVM_IRQ_LINE does the same; the status is for old guests’ lost ticks',
}
const names = (text) => text.trim().split(/\s+/)

/** What is reached by `raw`. */
export const RAW = names(`
  KVM_GET_EMULATED_CPUID KVM_GET_MSR_FEATURE_INDEX_LIST KVM_SET_NR_MMU_PAGES KVM_GET_NR_MMU_PAGES
  KVM_SET_USER_MEMORY_REGION2 KVM_REINJECT_CONTROL KVM_SET_BOOT_CPU_ID KVM_XEN_HVM_CONFIG KVM_SET_PMU_EVENT_FILTER
  KVM_ARM_MTE_COPY_TAGS KVM_ARM_GET_REG_WRITABLE_MASKS KVM_TRANSLATE KVM_TPR_ACCESS_REPORTING KVM_SET_VAPIC_ADDR
  KVM_X86_SETUP_MCE KVM_X86_GET_MCE_CAP_SUPPORTED KVM_X86_SET_MCE KVM_KVMCLOCK_CTRL KVM_MEMORY_ENCRYPT_OP
  KVM_MEMORY_ENCRYPT_REG_REGION KVM_MEMORY_ENCRYPT_UNREG_REGION KVM_HYPERV_EVENTFD KVM_CLEAR_DIRTY_LOG
  KVM_GET_SUPPORTED_HV_CPUID KVM_ARM_VCPU_FINALIZE KVM_X86_SET_MSR_FILTER KVM_RESET_DIRTY_RINGS KVM_XEN_HVM_GET_ATTR
  KVM_XEN_HVM_SET_ATTR KVM_XEN_VCPU_GET_ATTR KVM_XEN_VCPU_SET_ATTR KVM_XEN_HVM_EVTCHN_SEND KVM_GET_SREGS2
  KVM_SET_SREGS2 KVM_SET_MEMORY_ATTRIBUTES KVM_CREATE_GUEST_MEMFD KVM_PRE_FAULT_MEMORY
`)

export const ELSEWHERE = names(`
  KVM_S390_ENABLE_SIE KVM_S390_UCAS_MAP KVM_S390_UCAS_UNMAP KVM_S390_VCPU_FAULT KVM_PPC_GET_PVINFO
  KVM_PPC_GET_SMMU_INFO KVM_PPC_ALLOCATE_HTAB KVM_CREATE_SPAPR_TCE KVM_CREATE_SPAPR_TCE_64 KVM_ALLOCATE_RMA
  KVM_PPC_GET_HTAB_FD KVM_PPC_RTAS_DEFINE_TOKEN KVM_PPC_RESIZE_HPT_PREPARE KVM_PPC_RESIZE_HPT_COMMIT
  KVM_PPC_CONFIGURE_V3_MMU KVM_PPC_GET_RMMU_INFO KVM_PPC_GET_CPU_CHAR KVM_PPC_SVM_OFF KVM_S390_INTERRUPT
  KVM_S390_STORE_STATUS KVM_S390_SET_INITIAL_PSW KVM_S390_INITIAL_RESET KVM_DIRTY_TLB KVM_S390_MEM_OP
  KVM_S390_GET_SKEYS KVM_S390_SET_SKEYS KVM_S390_IRQ KVM_S390_SET_IRQ_STATE KVM_S390_GET_IRQ_STATE
  KVM_S390_GET_CMMA_BITS KVM_S390_SET_CMMA_BITS KVM_S390_NORMAL_RESET KVM_S390_CLEAR_RESET KVM_S390_PV_COMMAND
  KVM_S390_PV_CPU_COMMAND KVM_S390_ZPCI_OP
`)
const ELSEWHERE_CAPABILITIES =
  /^KVM_CAP_(S390|PPC|SPAPR|RISCV|MIPS|LOONGARCH|XICS)_|^KVM_CAP_(SW_TLB|HIOR|IRQ_XICS|IRQ_MPIC|ENABLE_CAP_FPSCR)$/

/** @param {string} header the text of linux/kvm.h @returns {string[]} the names of its ioctls, in its order */
export const ioctlsIn = (header) =>
  [...header.matchAll(/^#\s*define\s+(KVM_\w+)\s+_IO(?:R|W|WR)?\s*\(\s*KVMIO/gm)].map(([, name]) => name)

function wayTo(ioctl) {
  if (Object.hasOwn(NAMED, ioctl)) return NAMED[ioctl]
  if (Object.hasOwn(REPLACED, ioctl)) return `not: ${REPLACED[ioctl]}`
  return RAW.includes(ioctl) ? '`raw`' : 'not: of other architectures'
}

const wayToCapability = (name) =>
  ELSEWHERE_CAPABILITIES.test(name) ? 'of other architectures: always 0' : '`checkExtension`'

/** @returns {string} */
export function kvmApiPage() {
  const ioctls = [...Object.keys(NAMED), ...RAW, ...Object.keys(REPLACED), ...ELSEWHERE].sort()
  const rows = (names, way) => names.map((name) => `| ${name} | ${way(name)} |`).join('\n')
  const numbers = readFileSync(`${root}/src/vm/capability-numbers.ts`, 'utf8')
  const capabilities = [...numbers.matchAll(/(KVM_CAP_\w+): (\d+)/g)].map(([, name, number]) => [
    name,
    number,
  ])
  return `# KVM’s API, and hv’s

Generated by \`npm run docs\` from \`ci/reference/kvm-api.mjs\` and \`src/vm/capability-numbers.ts\`; tests compare both with linux/kvm.h. What each of them does is in Linux,
Documentation/virt/kvm/api.rst. \`raw\`: there is no name for it; [vm.raw, vm.rawSystem and vcpu.raw](vm.md#rawkvm) reach it, outside of
what hv promises.

## Ioctls

| ioctl | from JavaScript |
| --- | --- |
${rows(ioctls, wayTo)}

## Capabilities

[checkExtension](vm.md#checkextension) asks for any of them.

| capability | number | |
| --- | --- | --- |
${capabilities.map(([name, number]) => `| ${name} | ${number} | ${wayToCapability(name)} |`).join('\n')}
`
}
