// The door to what differs between architectures: only this code asks which one this is. The guest has the host's.

import {HvError} from '../errors.ts'
import type {Architecture} from './architecture.ts'
import {arm64} from './arm64/index.ts'
import {x86_64} from './x86_64/index.ts'

export type {Architecture, SignalFrame, SignalReturn} from './architecture.ts'

/** By Node's name for it. */
const architectures: Record<string, Architecture> = {x64: x86_64, arm64}

function choose(): Architecture {
  const architecture = architectures[process.arch]
  if (architecture === undefined) {
    throw new HvError('KVM_UNUSABLE', `hv runs Linux programs on x86_64 and arm64, not on ${process.arch}`)
  }
  return architecture
}

export const arch: Architecture = choose()
