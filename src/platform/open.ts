// openPlatform: the platform that was asked for, or the best that works here.

import {HvError} from '../errors.ts'
import type {PlatformChoice} from './choice.ts'
import {KvmPlatform} from './kvm/kvm.ts'
import type {Platform} from './platform.ts'
import {trapOnce} from './proof.ts'

type PlatformClass = new (memoryBytes: number, cpus?: number) => Platform

export interface OpenedPlatform {
  platform: Platform
  /** Why this one: for people. */
  reason: string
}

/**
 * `auto` is KVM if a system call of a guest comes through it, else ptrace.
 * @param memoryBytes of guest memory; rounded up to pages
 * @param cpus of the guest, 1 to MAX_CPUS; absent: what this process may use. A host may give fewer
 * @throws HvError MEMORY_SIZE, OUT_OF_MEMORY; KVM_MISSING, KVM_DENIED, KVM_UNUSABLE; PTRACE_UNUSABLE
 */
export async function openPlatform(
  choice: PlatformChoice,
  memoryBytes: number,
  cpus?: number,
): Promise<OpenedPlatform> {
  if (choice === 'kvm') return {platform: openKvm(memoryBytes, cpus), reason: 'asked for'}
  if (choice === 'ptrace') return {platform: await openPtrace(memoryBytes, cpus), reason: 'asked for'}
  try {
    return {platform: openProven(memoryBytes, cpus), reason: 'its trap works'}
  } catch (error) {
    if (!(error instanceof HvError) || !isOfKvm(error)) throw error
    const platform = await orRethrow(openPtrace(memoryBytes, cpus), error)
    return {platform, reason: `no KVM: ${error.message}`}
  }
}

function openProven(memoryBytes: number, cpus: number | undefined): Platform {
  const platform = openKvm(memoryBytes, cpus)
  try {
    trapOnce(platform)
    return platform
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
}

function openKvm(memoryBytes: number, cpus: number | undefined): Platform {
  const Kvm: PlatformClass = KvmPlatform
  return new Kvm(memoryBytes, cpus)
}

async function openPtrace(memoryBytes: number, cpus: number | undefined): Promise<Platform> {
  const {PtracePlatform} = await import('./ptrace/ptrace.ts')
  const Ptrace: PlatformClass = PtracePlatform
  return new Ptrace(memoryBytes, cpus)
}

/** Where neither works, KVM is what is to be mended. */
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
