// Facts that every check uses, read once: the host, its surroundings, what /dev/kvm answered, and whether a process can be traced.

import type {KvmProbe, KvmQuestions} from './addon.ts'
import type {Finding, HostMachine, StopProof} from './finding.ts'
import type {Host} from './host.ts'
import type {Surroundings} from './surroundings.ts'
import type {Outcome} from './trap-proof.ts'
import type {Feature} from './vm-features.ts'

export const KVM_DEVICE = '/dev/kvm'

export interface Capability {
  /** Without the prefix KVM_CAP_. */
  name: string
  /** Its number in linux/kvm.h. */
  number: number
  /** What hv does with it, worded to follow "so that …". */
  use: string
  isRequired: boolean
}

export interface Facts {
  host: Host
  surroundings: Surroundings
  kvm: KvmProbe
  /** The capabilities that the first of `kvm.extensions` are about, in the same order. */
  capabilities: readonly Capability[]
  /** How tracing a process went; undefined when it was not tried. */
  stop: Outcome<StopProof> | undefined
}

/** What it finds about one subject; an empty list when the subject does not exist here. */
export type Check = (facts: Facts) => Finding | Finding[]

/** What an architecture's folder offers. */
export interface ArchChecks {
  capabilities: readonly Capability[]
  /** Capabilities that hv can do without and only reports; `kvm.extensions` has them after the others. */
  moreCapabilities: readonly number[]
  /** What the VM API can do where KVM has it; `kvm.extensions` ends with them. */
  features: readonly Feature[]
  /** What to ask of a VM; undefined for nothing. */
  questions?: KvmQuestions
  checks: readonly Check[]
  machineOf: (facts: Facts) => HostMachine
}

/** The device opened and made a VM, so KVM works, whatever else looks wrong. */
export function makesVms({kvm}: Facts): boolean {
  return kvm.openErrno === 0 && kvm.apiVersion >= 0 && kvm.createVmErrno === 0
}

/** A traced process was stopped at its system calls, so ptrace works, whatever else looks wrong. */
export function tracesProcesses({stop}: Facts): boolean {
  return stop?.proof?.ok === true
}
