// MachineDebugging: how a debugger stops a machine and looks into it: what its vCPUs' loops call while there is a debugger.

import {SIGABRT, SIGBUS, SIGILL, SIGSEGV} from '../../abi/signal.ts'
import type {Exit} from '../../vm/exit.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {MachineResult} from '../machine-result.ts'

/** Without a status, a signal or a time-out, the machine failed. */
export type End = Omit<MachineResult, 'stats'>

/** A machine that has not run. */
export interface DebuggedParts {
  readonly vcpus: readonly Vcpu[]
  readonly memory: GuestMemory
  /** Ends it as SIGKILL would. */
  kill(): void
}

const FAILURES: Partial<Record<Exit['kind'], number>> = {
  ...{io: SIGBUS, mmio: SIGBUS, shutdown: SIGSEGV},
  'internal-error': SIGILL,
}

/** The signal that a debugger sees for an exit after which the machine cannot go on. */
export const signalOf = ({kind}: Exit): number => FAILURES[kind] ?? SIGABRT

export interface MachineDebugging {
  /** Called before each run of a vCPU: resolves when it may run, or the machine has ended. */
  mayRun(vcpu: Vcpu): Promise<void>
  /** Called after each run. @returns true when the exit is the debugger's */
  takesExit(vcpu: Vcpu, exit: Exit): boolean
  /** Called when the machine cannot go on after this exit: resolves when the debugger has seen it. */
  failed(vcpu: Vcpu, exit: Exit): Promise<void>
  ended(end: End): void
}

/** Makes the debugging of the machine that it is given. */
export type Debugger = (parts: DebuggedParts) => MachineDebugging
