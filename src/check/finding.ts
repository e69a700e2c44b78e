// What `hv check` finds and reports. The shapes are public and stable: README.md in this folder is their documentation.

import type {JailLayer} from '../jail/layer.ts'

/**
 * How serious a finding is. `fail`: its platform cannot run guests because of it. `warn`: something is worse than it could be. `info`: a
 * fact.
 * @see {@link checkHost}
 */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'info'

/** The platforms that can run guests, in the order in which `hv run` prefers them. */
export const PLATFORMS = ['kvm', 'ptrace'] as const
/** What runs guests: a virtual machine of KVM, or a traced process. @see {@link checkHost} */
export type PlatformName = (typeof PLATFORMS)[number]

/** One thing that was looked at. @see {@link checkHost} */
export interface Finding {
  /** Stable, kebab-case. */
  id: string
  /** What it is about, in a few words. */
  title: string
  /** How serious it is. */
  status: FindingStatus
  /** What was found, in a sentence. */
  detail: string
  /** Where it was read and what was there. */
  evidence: string
  /** How to fix it: one command in backquotes with a word around it, or a sentence. Only if there is something to fix. */
  fix?: string
  /** Which platform it is about; absent: the host as a whole. */
  platform?: PlatformName
}

/** What a host can do for hv. @see {@link checkHost} */
export interface HostReport {
  /** The version of this format. It grows when a field changes or goes, not when one is added. */
  version: 2
  /** hv can run guests here, on one platform at least. */
  usable: boolean
  /** What `hv run` would use. */
  platform: PlatformName | null
  /** Which platforms can run guests here: none of their findings failed, and their proof is `ok`. */
  platforms: Record<PlatformName, boolean>
  /** `x86_64`, `arm64`, or `uname -m` of another. */
  arch: string
  /** `uname -r`. */
  kernel: string
  /** The name of this board in boards/; null if no file fits. */
  board: string | null
  /** null on an architecture that hv has no checks for. */
  machine: HostMachine | null
  /** Everything that was looked at, in order. */
  findings: Finding[]
}

/**
 * What was found out, for programs and for the comparison with a board. null: not known, or not there.
 *
 * @example
 * const {machine} = await checkHost()
 * console.log(machine?.mode, machine?.pageSize, machine?.ipaBits) // e.g. vmx 4096 46
 * for (const {name, implementer, part} of machine?.cores ?? []) console.log(name, implementer, part)
 */
export interface HostMachine {
  /** One for each kind of core: a machine with different cores (big.LITTLE) has several. */
  cores: Core[]
  /** How KVM runs guests: `vmx`, `svm`, `pvm`, or on arm64 `vhe`, `vhe-nv2`, `nvhe`, `hvhe`, `protected-nvhe`, `protected-hvhe`, `el1`, `disabled`. */
  mode: string | null
  /** How many bits guest physical addresses have at most; x86_64: the processor's physical addresses. */
  ipaBits: number | null
  /** GIC versions that KVM offers to guests. */
  vgic: string[] | null
  /** The host's page size in bytes. */
  pageSize: number | null
  /** KVM can send a guest's HVCs to hv. */
  smcccFilter: boolean | null
  /** KVM's guests can use KVM themselves. */
  nested: boolean | null
}

/** A kind of processor core. @see {@link HostMachine} */
export interface Core {
  /** As the host calls it: `Cortex-A76`, `Intel(R) Xeon(R) Processor`. */
  name: string
  /** MIDR_EL1's fields, in hexadecimal; null on x86_64. */
  implementer: string | null
  part: string | null
}

/** A real system call of a real guest, in user mode of a real VM or in a traced process. */
export interface TrapProof {
  ok: boolean
  /** Nanoseconds of a system call to the host process and back, with a VM exit or a stop of the process. */
  roundTripNs: number
  /** Nanoseconds of the same while the host process polls, without an exit. */
  pollingNs?: number | undefined
  /** Nanoseconds from a thread's wake-up until it runs on another processor. */
  wakeUpNs?: number | undefined
  /** Why it is not ok. */
  detail?: string
}

export type ProveTrap = () => TrapProof | Promise<TrapProof>

export interface StopProof extends TrapProof {
  /** The namespaces that the traced process does not share with this one, named as in /proc/PID/ns; absent: not known. */
  namespaces?: readonly string[]
}

export type ProveStop = () => StopProof | Promise<StopProof>

/** undefined when no process could try. */
export type ProveJail = () => Promise<readonly JailLayer[] | undefined>
