// The table of docs/reference/kvm.md: every ioctl and capability of linux/kvm.h, and how one reaches it from JavaScript.

import {readFileSync} from 'node:fs'
import {root} from '../paths.mjs'

export const HEADER = '/usr/include/linux/kvm.h'

const CREATE = '`Vm.create`'
const GUEST_MEMFD =
  '`Vm.create({guestMemfd})`, `vm.addMemory({guestMemfd})`: mapped by the host, or private memory'
const DIRTY_RING = '`Vm.create({dirtyRing})`'
const SAVE = '`vcpu.save`, `vcpu.restore`'
const SAVE_VM = '`vm.save`, `Vm.restore`'
const REGISTERS = '`vcpu.registers`'
const LISTED = '`vcpu.listedRegisters`'
const IRQCHIP = '`Vm.create({irqchip})`'

/** What has a name in the VM API, and which. */
export const NAMED = {
  KVM_GET_API_VERSION: CREATE,
  KVM_CREATE_VM: `${CREATE}, also \`{type: 'sw-protected'}\``,
  KVM_CHECK_EXTENSION: '`checkExtension`',
  KVM_ENABLE_CAP: `${CREATE}: what api.rst leaves to the user and hv needs`,
  KVM_SET_USER_MEMORY_REGION: `${CREATE}, \`vm.addMemory\``,
  KVM_SET_USER_MEMORY_REGION2: GUEST_MEMFD,
  KVM_CREATE_GUEST_MEMFD: GUEST_MEMFD,
  KVM_SET_MEMORY_ATTRIBUTES: "`vm.memory.setPrivate`, with `Vm.create({type: 'sw-protected'})`",
  KVM_GET_DIRTY_LOG: '`vm.memory.takeDirty`, `slot.takeDirty`',
  KVM_CLEAR_DIRTY_LOG: '`vm.memory.takeDirty`, `slot.takeDirty`',
  KVM_RESET_DIRTY_RINGS: DIRTY_RING,
  KVM_PRE_FAULT_MEMORY: '`vcpu.prefault`',
  KVM_SET_TSS_ADDR: CREATE,
  KVM_SET_IDENTITY_MAP_ADDR: CREATE,
  KVM_CREATE_IRQCHIP: IRQCHIP,
  KVM_CREATE_PIT2: IRQCHIP,
  KVM_CREATE_DEVICE: `${IRQCHIP}: a GIC, an ITS`,
  KVM_SET_DEVICE_ATTR: `${IRQCHIP}, ${SAVE_VM}; ${CREATE}: \`features.pmu\`; \`vm.filterCalls\``,
  KVM_GET_DEVICE_ATTR: SAVE_VM,
  KVM_HAS_DEVICE_ATTR: `${IRQCHIP}, SMCCC filter`,
  KVM_IRQ_LINE: '`irqchip.line`, `vcpu.line`',
  KVM_SIGNAL_MSI: '`irqchip.sendMsi`, on arm64 to an ITS',
  KVM_SET_GSI_ROUTING: '`irqchip.irqfd` of a message, `irqchip.route`',
  KVM_IRQFD: '`irqchip.irqfd`',
  KVM_IOEVENTFD: '`vm.ioeventfd`',
  KVM_GET_IRQCHIP: SAVE_VM,
  KVM_SET_IRQCHIP: SAVE_VM,
  KVM_GET_PIT2: SAVE_VM,
  KVM_SET_PIT2: SAVE_VM,
  KVM_GET_CLOCK: `\`vm.clock\`; ${SAVE_VM}`,
  KVM_SET_CLOCK: `\`vm.clock\`; ${SAVE_VM}`,
  KVM_KVMCLOCK_CTRL: '`vcpu.tellOfPause`, `machine.pause`',
  KVM_ARM_SET_COUNTER_OFFSET: '`vm.setCounterOffset`',
  KVM_CREATE_VCPU: '`vm.createVcpu`',
  KVM_GET_VCPU_MMAP_SIZE: '`vm.createVcpu`',
  KVM_ARM_PREFERRED_TARGET: '`vm.createVcpu`',
  KVM_ARM_VCPU_INIT: `\`vm.createVcpu\`; ${CREATE}: \`features\``,
  KVM_ARM_VCPU_FINALIZE: `${CREATE}: \`features.sve\``,
  KVM_ARM_MTE_COPY_TAGS: '`vm.memoryTags`',
  KVM_RUN: '`vcpu.run`, `vcpu.runAsync`, `vm.start`',
  KVM_GET_REGS: REGISTERS,
  KVM_SET_REGS: REGISTERS,
  KVM_GET_SREGS: REGISTERS,
  KVM_SET_SREGS: REGISTERS,
  KVM_GET_ONE_REG: `${REGISTERS}, ${LISTED}`,
  KVM_SET_ONE_REG: `${REGISTERS}, ${LISTED}`,
  KVM_GET_REG_LIST: `${LISTED}; ${SAVE}`,
  KVM_GET_MSR_INDEX_LIST: '`vcpu.msrs.indexes`',
  KVM_GET_MSRS: '`vcpu.msrs`',
  KVM_SET_MSRS: '`vcpu.msrs`',
  KVM_GET_SUPPORTED_CPUID: '`vcpu.cpuid`',
  KVM_GET_CPUID2: '`vcpu.cpuid`',
  KVM_SET_CPUID2: '`vcpu.cpuid`',
  KVM_GET_SUPPORTED_HV_CPUID: '`vcpu.cpuid.showHyperV`',
  KVM_X86_SET_MSR_FILTER: '`vm.exitOnMsrs`',
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

const COALESCED =
  '`vm.post` reports stores later, and they do not end a run; KVM_RUN returns for each, on its thread'

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
  KVM_REGISTER_COALESCED_MMIO: COALESCED,
  KVM_UNREGISTER_COALESCED_MMIO: COALESCED,
  KVM_TRANSLATE: '`vcpu.translate` walks the same tables, on arm64 as well, and gives the rights',
  KVM_IRQ_LINE_STATUS: 'KVM_IRQ_LINE does the same; the status is for old guests’ lost ticks',
}
const names = (text) => text.trim().split(/\s+/)

const XEN = 'Xen guests want a xenstore and event channels: a project of its own'
const ENCRYPTED =
  'SEV and TDX want a launch protocol and an attested image; memory here is the host’s to read'
const MCE = 'machine checks: a test of a guest’s handler may inject them'
const MMU_PAGES = 'a bound on shadow pages; with nested paging it has no effect'
const VAPIC = 'old Windows’ TPR accesses, which a processor’s virtual APIC answers'

/** What is reached by `raw`, and why it has no name. */
export const RAW = {
  // x86_64
  KVM_GET_EMULATED_CPUID: 'what KVM interprets and the processor lacks: slow, and not offered to guests',
  KVM_GET_MSR_FEATURE_INDEX_LIST: 'bits of nested VMX and microcode, for who migrates between processors',
  KVM_SET_NR_MMU_PAGES: MMU_PAGES,
  KVM_GET_NR_MMU_PAGES: MMU_PAGES,
  KVM_REINJECT_CONTROL: 'the PIT’s lost ticks, for guests that count them; Linux reads a clock',
  KVM_SET_BOOT_CPU_ID: 'the first vCPU boots',
  KVM_SET_PMU_EVENT_FILTER: 'which events a guest may count: vPMUs share the host’s counters',
  KVM_TPR_ACCESS_REPORTING: VAPIC,
  KVM_SET_VAPIC_ADDR: VAPIC,
  KVM_X86_SETUP_MCE: MCE,
  KVM_X86_GET_MCE_CAP_SUPPORTED: MCE,
  KVM_X86_SET_MCE: MCE,
  KVM_HYPERV_EVENTFD: 'events of Hyper-V’s VMBus, whose devices hv lacks',
  KVM_GET_SREGS2: 'KVM_GET_SREGS and the PDPTRs of PAE, which KVM else reads again from memory',
  KVM_SET_SREGS2: 'KVM_SET_SREGS and the PDPTRs of PAE, which KVM else reads again from memory',
  KVM_XEN_HVM_CONFIG: XEN,
  KVM_XEN_HVM_GET_ATTR: XEN,
  KVM_XEN_HVM_SET_ATTR: XEN,
  KVM_XEN_VCPU_GET_ATTR: XEN,
  KVM_XEN_VCPU_SET_ATTR: XEN,
  KVM_XEN_HVM_EVTCHN_SEND: XEN,
  KVM_MEMORY_ENCRYPT_OP: ENCRYPTED,
  KVM_MEMORY_ENCRYPT_REG_REGION: ENCRYPTED,
  KVM_MEMORY_ENCRYPT_UNREG_REGION: ENCRYPTED,
  // arm64
  KVM_ARM_GET_REG_WRITABLE_MASKS: 'which bits of ID registers may change',
}

/** What KVM_ENABLE_CAP switches on: its name here; or the reason why only `raw` does, in an object. */
export const SWITCHED = {
  KVM_CAP_EXIT_HYPERCALL: `${CREATE}: always; \`readMapGpaRange\``,
  KVM_CAP_EXIT_ON_EMULATION_FAILURE: `${CREATE}: always`,
  KVM_CAP_ARM_NISV_TO_USER: `${CREATE}: always`,
  KVM_CAP_SPLIT_IRQCHIP: "`Vm.create({irqchip: 'split'})`",
  KVM_CAP_X86_USER_SPACE_MSR: '`vm.exitOnMsrs`',
  // Every host
  KVM_CAP_HALT_POLL: {raw: 'how long a halted vCPU polls; the host’s setting holds'},
  // x86_64
  KVM_CAP_DISABLE_QUIRKS: {raw: 'KVM_CAP_DISABLE_QUIRKS2 replaces it'},
  KVM_CAP_DISABLE_QUIRKS2: {raw: 'old faults of KVM that old guests need'},
  KVM_CAP_X2APIC_API: {raw: 'APIC identifiers above 255'},
  KVM_CAP_X86_DISABLE_EXITS: {
    raw: 'gives a guest a whole processor, which then cannot be interrupted by HLT',
  },
  KVM_CAP_MSR_PLATFORM_INFO: {raw: 'hides one MSR'},
  KVM_CAP_EXCEPTION_PAYLOAD: {raw: 'for saving between a nested exit and its exception'},
  KVM_CAP_X86_TRIPLE_FAULT_EVENT: {raw: 'for saving between a nested exit and its triple fault'},
  KVM_CAP_X86_BUS_LOCK_EXIT: {raw: 'for who prices split locks; the host slows them down'},
  KVM_CAP_X86_NOTIFY_VMEXIT: {raw: 'ends a guest that blocks the processor, where VT-x can'},
  KVM_CAP_X86_APIC_BUS_CYCLES_NS: {raw: 'a local APIC’s frequency, for TDX'},
  KVM_CAP_MAX_VCPU_ID: {raw: 'vCPUs are numbered from 0 on'},
  KVM_CAP_PMU_CAPABILITY: {raw: 'no vPMU: CPUID leaf 0xa hides it from a guest as well'},
  KVM_CAP_VM_DISABLE_NX_HUGE_PAGES: {raw: 'trades a mitigation of the host for speed; wants CAP_SYS_BOOT'},
  KVM_CAP_ENFORCE_PV_FEATURE_CPUID: {raw: 'KVM’s own MSRs that CPUID does not name then fault'},
  KVM_CAP_SGX_ATTRIBUTE: {raw: 'a provisioning key of SGX'},
  KVM_CAP_VM_COPY_ENC_CONTEXT_FROM: {raw: ENCRYPTED},
  KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM: {raw: ENCRYPTED},
  KVM_CAP_HYPERV_SYNIC: {raw: 'for VMBus, whose devices hv lacks'},
  KVM_CAP_HYPERV_SYNIC2: {raw: 'for VMBus, whose devices hv lacks'},
  KVM_CAP_HYPERV_ENLIGHTENED_VMCS: {raw: 'Hyper-V in a guest on VT-x'},
  KVM_CAP_HYPERV_DIRECT_TLBFLUSH: {raw: 'Hyper-V below KVM'},
  KVM_CAP_HYPERV_ENFORCE_CPUID: {raw: 'Hyper-V’s MSRs that CPUID does not name then fault'},
  // arm64
  KVM_CAP_ARM_MTE: `${CREATE}: \`features.mte\``,
  KVM_CAP_ARM_SYSTEM_SUSPEND: {raw: 'a guest’s suspend is refused'},
  KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE: {raw: 'splits huge pages before a dirty log does'},
  KVM_CAP_ARM_WRITABLE_IMP_ID_REGS: {raw: 'another MIDR'},
  // Memory
  KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: '`logsDirty`',
  KVM_CAP_DIRTY_LOG_RING: DIRTY_RING,
  KVM_CAP_DIRTY_LOG_RING_ACQ_REL: DIRTY_RING,
  KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP: DIRTY_RING,
}

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
  [...header.matchAll(/^#\s*define\s+(KVM_\w+)[\s\\]+_IO(?:R|W|WR)?\s*\(\s*KVMIO/gm)].map(([, name]) => name)

function wayTo(ioctl) {
  if (Object.hasOwn(NAMED, ioctl)) return NAMED[ioctl]
  if (Object.hasOwn(REPLACED, ioctl)) return `not: ${REPLACED[ioctl]}`
  return Object.hasOwn(RAW, ioctl) ? `\`raw\` | ${RAW[ioctl]}` : 'not: of other architectures'
}

function wayToCapability(name) {
  if (ELSEWHERE_CAPABILITIES.test(name)) return 'of other architectures: always 0'
  const way = SWITCHED[name]
  if (way === undefined) return ''
  return typeof way === 'string' ? way : `\`raw\` | ${way.raw}`
}

/** @returns {string} */
export function kvmApiPage() {
  const ioctls = [...Object.keys(NAMED), ...Object.keys(RAW), ...Object.keys(REPLACED), ...ELSEWHERE].sort()
  // A way without a reason has an empty last cell.
  const row = (name, way) => `| ${name} | ${way}${way.includes(' | ') ? '' : ' |'} |`
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

| ioctl | from JavaScript | why only \`raw\` |
| --- | --- | --- |
${ioctls.map((name) => row(name, wayTo(name))).join('\n')}

## Capabilities

[checkExtension](vm.md#checkextension) asks for any of them. The third column: what switches on those that are switched on (KVM_ENABLE_CAP).

| capability | number | switched on by | why only \`raw\` |
| --- | --- | --- | --- |
${capabilities.map(([name, number]) => row(`${name} | ${number}`, wayToCapability(name))).join('\n')}
`
}
