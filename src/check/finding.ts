// What `hv check` finds and reports. The shapes are public and stable: README.md in this folder is their documentation.

import type {JailLayer} from '../jail/layer.ts'

/** `fail`: its platform cannot run guests because of it. `warn`: something is worse than it could be. `info`: a fact. @see {@link checkHost} */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'info'

/** What can run guests, in the order in which `hv run` prefers them. */
export const PLATFORMS = ['kvm', 'ptrace'] as const
/** What runs guests: a virtual machine of KVM, or a traced process. @see {@link checkHost} */
export type PlatformName = (typeof PLATFORMS)[number]

/** One thing that was looked at. @see {@link checkHost} */
export interface Finding {
  /** Stable, kebab-case. */
  id: string
  /** What it is about, in a few words. */
  title: string
  /** How it is. */
  status: FindingStatus
  /** What is so, in a sentence. */
  detail: string
  /** Where it was read and what was there. */
  evidence: string
  /** One command in backquotes with a word around it, or a sentence. Only where there is something to mend. */
  mend?: string
  /** Which platform it is about; absent: the host as a whole. */
  platform?: PlatformName
}

/** What a host can do for hv. @see {@link checkHost} */
export interface HostReport {
  /** Of this format. It grows when a field changes or goes, not when one is added. */
  version: 1
  /** hv can run guests here, by one platform at least. */
  usable: boolean
  /** What `hv run` would use. */
  platform: PlatformName | null
  /** Which can run guests here: nothing of theirs failed, and their proof is `ok`. */
  platforms: Record<PlatformName, boolean>
  /** `x86_64`, `arm64`, or `uname -m` of another. */
  arch: string
  /** `uname -r`. */
  kernel: string
  /** The board that this is, by its name in boards/; null when no file fits. */
  board: string | null
  /** null on an architecture that hv has no checks for. */
  machine: HostMachine | null
  /** All that was looked at, in order. */
  findings: Finding[]
}

/**
 * What was found out, for programs and for the comparison with a board. null: not known, or no such thing here.
 *
 * @example
 * const {machine} = await checkHost()
 * console.log(machine?.mode, machine?.pageSize, machine?.ipaBits) // e.g. vmx 4096 46
 * for (const {name, implementer, part} of machine?.cores ?? []) console.log(name, implementer, part)
 */
export interface HostMachine {
  /** Different cores of one machine (big.LITTLE) are several. */
  cores: Core[]
  /** How KVM runs guests: `vmx`, `svm`, `pvm`, or on arm64 `vhe`, `vhe-nv2`, `nvhe`, `hvhe`, `protected-nvhe`, `protected-hvhe`, `el1`, `disabled`. */
  mode: string | null
  /** Of guest physical addresses at most; x86_64: of the processor's physical addresses. */
  ipaBits: number | null
  /** GIC versions that KVM offers to guests. */
  vgic: string[] | null
  /** Of the host's memory, bytes. */
  pageSize: number | null
  /** hv can have a guest's HVCs sent to it. */
  smcccFilter: boolean | null
  /** Guests of KVM can use KVM themselves. */
  nested: boolean | null
}

/** A kind of processor core. @see {@link HostMachine} */
export interface Core {
  /** As the host has it: `Cortex-A76`, `Intel(R) Xeon(R) Processor`. */
  name: string
  /** MIDR_EL1's fields, in hexadecimal; null on x86_64. */
  implementer: string | null
  part: string | null
}

/** A real system call of a real guest, in user mode of a real VM or in a traced process. */
export interface TrapProof {
  ok: boolean
  /** A system call to the host process and back, by a VM exit or a stop of the process. Nanoseconds. */
  roundTripNs: number
  /** The same with the host process listening, without an exit. Nanoseconds. */
  listeningNs?: number | undefined
  /** From a thread's wake-up until it runs on another processor. Nanoseconds. */
  wakeUpNs?: number | undefined
  /** Why it is not ok. */
  detail?: string
}

export type ProveTrap = () => TrapProof | Promise<TrapProof>

export interface StopProof extends TrapProof {
  /** The namespaces that the traced process does not share with this one, by their names in /proc/PID/ns; absent: not known. */
  namespaces?: readonly string[]
}

export type ProveStop = () => StopProof | Promise<StopProof>

/** undefined: no process could try. */
export type ProveJail = () => Promise<readonly JailLayer[] | undefined>
