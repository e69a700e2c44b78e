// arm64: what a guest can get here: addresses, interrupt controllers, pages, hypercalls that reach the host process.

import type {Check} from '../facts.ts'
import {errnoName} from '../kvm-device.ts'
import {pageSizeOf} from '../surroundings.ts'
import {ipaBitsOf, smcccFilterErrno, vgicsOf} from './capabilities.ts'
import {controllerOf, readInterrupts} from './interrupts.ts'

/** KVM's machine type 0: Documentation/virt/kvm/api.rst, 4.2. */
const DEFAULT_IPA_BITS = 40

export const checkIpa: Check = (facts) => {
  const bits = ipaBitsOf(facts)
  if (bits === null) return []
  const less =
    bits < DEFAULT_IPA_BITS
      ? ` That is less than the ${DEFAULT_IPA_BITS} that a VMM gets without asking; some do not start here.`
      : ''
  return {
    id: 'ipa-size',
    title: 'Guest addresses',
    status: 'info',
    detail: `Guest physical addresses have at most ${bits} bits.${less}`,
    evidence: `KVM_CHECK_EXTENSION: KVM_CAP_ARM_VM_IPA_SIZE=${bits}`,
  }
}

export const checkInterruptController: Check = (facts) => {
  const vgics = vgicsOf(facts)
  if (vgics === null) return []
  const own = controllerOf(readInterrupts(facts.host.read('/proc/interrupts') ?? ''))
  const offered = vgics.map((version) => `GIC${version}`).join(' and ')
  return {
    id: 'interrupt-controller',
    title: 'Interrupts',
    status: 'info',
    detail: offered
      ? `KVM gives guests a ${offered}${own ? `; the host's own is a ${own}` : ''}.`
      : `KVM gives guests no GIC${own ? `: the host's own is a ${own}` : ''}. Linux programs do not need one, machines with interrupts do.`,
    evidence: `KVM_CREATE_DEVICE_TEST: vgic ${facts.kvm.devices.map((errno, i) => `v${i + 2} ${errnoName(errno)}`).join(', ')}`,
  }
}

export const checkPageSize: Check = ({host}) => {
  const bytes = pageSizeOf(host)
  if (bytes === null) return []
  return {
    id: 'page-size',
    title: 'Page size',
    status: 'info',
    detail: `${bytes / 1024} KiB.${bytes > 4096 ? ' Guests have pages of 4 KiB all the same.' : ''}`,
    evidence: '/proc/self/auxv: AT_PAGESZ',
  }
}

export const checkSmcccFilter: Check = (facts) => {
  const errno = smcccFilterErrno(facts)
  if (errno === null) return []
  return {
    id: 'smccc-filter',
    title: 'Hypercalls',
    status: 'info',
    detail:
      errno === 0
        ? "A guest's HVC can be sent to hv."
        : "A guest's HVC cannot be sent to hv: Linux can since 6.4. hv traps by a load, which every kernel sends.",
    evidence: `KVM_HAS_DEVICE_ATTR(KVM_ARM_VM_SMCCC_FILTER): ${errnoName(errno)}`,
  }
}
