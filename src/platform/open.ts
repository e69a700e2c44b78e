// openPlatform: the platform that was asked for, or the best that works here.

import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import type {PlatformChoice} from './choice.ts'
import {loadCosts, storeCosts} from './host-costs.ts'
import {KvmPlatform} from './kvm/kvm.ts'
import type {Platform} from './platform.ts'
import {measureCosts} from './proof.ts'

type PlatformClass = new (memoryBytes: number, cpus?: number) => Platform

export interface OpenedPlatform {
  platform: Platform
  /** Why this one, for people to read. */
  reason: string
}

/**
 * `auto` is KVM if a guest's system call gets through it, otherwise ptrace: README.md, "Which platform".
 * @param memoryBytes of guest memory; rounded up to pages
 * @param cpus of the guest, 1 to MAX_CPUS; absent: what this process may use. A host may give fewer
 * @throws HvError MEMORY_SIZE, OUT_OF_MEMORY; KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, VCPU_FAILED; PTRACE_UNUSABLE
 */
export async function openPlatform(
  choice: PlatformChoice,
  memoryBytes: number,
  cpus?: number,
): Promise<OpenedPlatform> {
  if (choice === 'kvm') return {platform: openKvm(memoryBytes, cpus), reason: 'asked for'}
  if (choice === 'ptrace') return {platform: await openPtrace(memoryBytes, cpus), reason: 'asked for'}
  try {
    return {platform: openKvm(memoryBytes, cpus), reason: 'its trap works'}
  } catch (error) {
    if (!(error instanceof HvError) || !isOfKvm(error)) throw error
    const platform = await orRethrow(openPtrace(memoryBytes, cpus), error)
    return {platform, reason: `no KVM: ${error.message}`}
  }
}

function openKvm(memoryBytes: number, cpus: number | undefined): Platform {
  return openKnown('kvm', () => new (KvmPlatform as PlatformClass)(memoryBytes, cpus))
}

async function openPtrace(memoryBytes: number, cpus: number | undefined): Promise<Platform> {
  const {PtracePlatform} = await import('./ptrace/ptrace.ts')
  return openKnown('ptrace', () => new (PtracePlatform as PlatformClass)(memoryBytes, cpus))
}

/** The costs of its traps were measured in other runs, or are now. That also proves that they work. */
function openKnown(name: string, open: () => Platform): Platform {
  const known = loadCosts(process.env, name)
  if (known === undefined || !known.isSettled) return openMeasured(open)
  const platform = open()
  platform.useCosts(known.costs)
  return platform
}

/** Measures what its traps cost, and keeps that for other runs. @throws HvError: what `open` throws, VCPU_FAILED */
export function openMeasured<Opened extends Platform>(open: () => Opened): Opened {
  // Before a platform pins this thread to one processor.
  const wakeUpNs = addon.wakeUpNs()
  const handOverNs = addon.handOverNs()
  const platform = open()
  try {
    platform.useCosts(storeCosts(process.env, platform.name, measureCosts(platform, wakeUpNs, handOverNs)))
    return platform
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
}

/** When neither works, the error says how to fix KVM. */
async function orRethrow(opening: Promise<Platform>, kvmError: HvError): Promise<Platform> {
  try {
    return await opening
  } catch (error) {
    if (!(error instanceof HvError) || error.code !== 'PTRACE_UNUSABLE') throw error
    const message = `${kvmError.message}, and ${error.message}`
    throw new HvError(kvmError.code, message, kvmError.nextStep, {cause: error})
  }
}

function isOfKvm({code}: HvError): boolean {
  return ['KVM_MISSING', 'KVM_DENIED', 'KVM_UNUSABLE', 'VCPU_FAILED'].includes(code)
}
