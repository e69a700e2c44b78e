// x86_64: the KVM capabilities that hv uses. A table; the numbers are linux/kvm.h's.

import type {Capability} from '../facts.ts'

export const CAPABILITIES: readonly Capability[] = [
  {name: 'IRQCHIP', number: 0, use: 'machines for kernels', isRequired: false},
  {name: 'USER_MEMORY', number: 3, use: 'guest memory', isRequired: true},
  {name: 'EXT_CPUID', number: 7, use: "the guest's CPUID", isRequired: true},
  {name: 'NR_MEMSLOTS', number: 10, use: 'guest memory in pieces', isRequired: true},
  {name: 'SYNC_MMU', number: 16, use: 'guest memory that the host changes', isRequired: true},
  {name: 'SET_GUEST_DEBUG', number: 23, use: 'debuggers of machines', isRequired: false},
  {name: 'IRQFD', number: 32, use: 'interrupts by descriptors', isRequired: false},
  {name: 'IOEVENTFD', number: 36, use: 'notifications of devices without exits', isRequired: false},
  {name: 'XSAVE', number: 55, use: 'floating-point state', isRequired: true},
  {name: 'XCRS', number: 56, use: 'AVX', isRequired: true},
  {name: 'MAX_VCPUS', number: 66, use: 'threads', isRequired: true},
  {name: 'SYNC_REGS', number: 74, use: 'registers without a call', isRequired: true},
  {name: 'SIGNAL_MSI', number: 77, use: 'interrupts that are messages', isRequired: false},
  {name: 'READONLY_MEM', number: 81, use: 'memory that guests only read', isRequired: false},
  {name: 'IMMEDIATE_EXIT', number: 136, use: 'interrupts without a race', isRequired: true},
  {name: 'EXIT_ON_EMULATION_FAILURE', number: 204, use: 'the shortest trap on PVM hosts', isRequired: false},
]
