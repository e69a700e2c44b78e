// The platforms, for tests that run on each.

import {accessSync, constants} from 'node:fs'
import {KvmPlatform} from '../../src/platform/kvm/kvm.ts'
import type {Platform} from '../../src/platform/platform.ts'
import {PtracePlatform} from '../../src/platform/ptrace/ptrace.ts'
import {withCosts} from './costs.ts'
import {canTrace} from './ptrace.ts'

export interface PlatformUnderTest {
  readonly name: 'kvm' | 'ptrace'
  /** Whether it works here; else its tests are skipped by name. */
  readonly isHere: boolean
  open(memoryBytes: number): Platform
}

export const platforms: readonly PlatformUnderTest[] = [
  {name: 'kvm', isHere: canOpenKvm(), open: (memoryBytes) => withCosts(new KvmPlatform(memoryBytes))},
  {name: 'ptrace', isHere: canTrace(), open: (memoryBytes) => withCosts(new PtracePlatform(memoryBytes))},
]

function canOpenKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
