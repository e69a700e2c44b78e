// MachineDebugging: who stops a machine and looks into it: what its vCPUs' loops ask, while there is a debugger.

import {SIGABRT, SIGBUS, SIGILL, SIGSEGV} from '../../abi/signal.ts'
import type {Exit} from '../../vm/exit.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {MachineResult} from '../machine-result.ts'

/** Neither status nor signal nor time: it failed. */
export type End = Omit<MachineResult, 'stats'>

/** A machine that has not run. */
export interface DebuggedParts {
  readonly vcpus: readonly Vcpu[]
  readonly memory: GuestMemory
  /** Ends it as by SIGKILL. */
  kill(): void
}

const FAILURES: Partial<Record<Exit['kind'], number>> = {
  ...{io: SIGBUS, mmio: SIGBUS, shutdown: SIGSEGV},
  'internal-error': SIGILL,
}

/** What an exit looks like to a debugger behind which the machine cannot go on. */
export const signalOf = ({kind}: Exit): number => FAILURES[kind] ?? SIGABRT

export interface MachineDebugging {
  /** Before each run of a vCPU: until it may run, or the machine has ended. */
  mayRun(vcpu: Vcpu): Promise<void>
  /** Behind each run. @returns true: the exit is the debugger's */
  takesExit(vcpu: Vcpu, exit: Exit): boolean
  /** The machine cannot go on behind this exit: until whoever looks has seen it. */
  failed(vcpu: Vcpu, exit: Exit): Promise<void>
  ended(end: End): void
}

/** How the machine that it is given is debugged. */
export type Debugger = (parts: DebuggedParts) => MachineDebugging
