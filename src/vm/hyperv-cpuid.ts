// Hyper-V's CPUID leaves as KVM offers them, and their place among the others (Microsoft, Hypervisor Top Level Functional Specification).

import {HvError} from '../errors.ts'
import type {NativeVcpu} from './addon.ts'
import {checkExtension} from './capabilities.ts'
import {RawKvm} from './raw.ts'

const KVM_GET_SUPPORTED_HV_CPUID = 0xc008aec1
/** KVM has some 12. */
const LEAVES_MAX = 64
/** struct kvm_cpuid2: how many entries, padding, and they. */
const [HEAD_BYTES, ENTRY_BYTES] = [8, 40]
/** A hypervisor's leaves begin at such a one, which says in EAX where they end. */
const [FIRST, STEP] = [0x40000000, 0x100]
const INTERFACE = FIRST + 1
/** "Hv#1" in EAX. */
const HYPER_V = 0x31237648

/** @returns entries as in the part `cpuid`. @throws HvError KVM_UNUSABLE */
export function hyperVLeaves(native: NativeVcpu): Uint8Array {
  if (checkExtension('KVM_CAP_HYPERV_CPUID') === 0)
    throw new HvError('KVM_UNUSABLE', 'this KVM offers no leaves of Hyper-V')
  const bytes = new Uint8Array(HEAD_BYTES + LEAVES_MAX * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, LEAVES_MAX, true)
  new RawKvm(() => native.fd).ioctl(KVM_GET_SUPPORTED_HV_CPUID, bytes)
  return bytes.slice(HEAD_BYTES, HEAD_BYTES + view.getUint32(0, true) * ENTRY_BYTES)
}

interface Leaf {
  leaf: number
  eax: number
}

/** The entries with Hyper-V's in place of the first hypervisor's, which moves behind them, unless that was Hyper-V already. */
export function withHyperV<Entry extends Leaf>(entries: readonly Entry[], hyperV: readonly Entry[]): Entry[] {
  const isFirst = ({leaf}: Entry): boolean => leaf >= FIRST && leaf < FIRST + STEP
  const first = entries.filter(isFirst)
  const isThere = first.some(({leaf, eax}) => leaf === INTERFACE && eax === HYPER_V)
  const moved = first.map((entry) => ({
    ...entry,
    leaf: entry.leaf + STEP,
    // KVM's may be 0, for the same as FIRST + 1.
    eax: entry.leaf === FIRST && entry.eax >= FIRST ? entry.eax + STEP : entry.eax,
  }))
  return [...entries.filter((entry) => !isFirst(entry)), ...hyperV, ...(isThere ? [] : moved)]
}
