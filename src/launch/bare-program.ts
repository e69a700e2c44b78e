// A bare-metal guest: the phases of its launch. A second system call filter follows once its machine is made: src/jail/README.md.

import {addon} from '../addon.ts'
import {BareMachine, MEMORY_BYTES} from '../machine/bare/bare-machine.ts'
import {openGuestFile} from '../machine/bare/guest-file.ts'
import {requireHeld} from '../vm/open-error.ts'
import type {Launch, LoadedGuest, OpenedGuest} from './launch.ts'
import {refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'
import {traceLine} from './trace.ts'

/** For a guest that is known to be bare-metal. @throws HvError */
export function openBare(options: RunOptions): OpenedGuest<RunResult> {
  refuseUnfit(options, 'bare')
  const fd = openGuestFile(options.program)
  const {memoryBytes = MEMORY_BYTES} = options
  return {
    // There are no tasks besides hv's own threads.
    limits: {memoryBytes, maxTasks: 1, cpus: 1},
    mayBeMachine: true,
    prepare: async (launch) => {
      const kvmError = addon.holdKvm()
      return {
        needs: {roots: [], caller: 'kvm', isUndecided: true, hasChildren: false},
        load: () => loadBare(options, {fd, kvmError}, launch),
      }
    },
  }
}

/** Also for a program that turned out, in the jail, to be one. @param kvmError 0, or why /dev/kvm is not held @throws HvError */
export async function loadBare(
  options: RunOptions,
  {fd, kvmError}: {fd: number; kvmError: number},
  launch: Launch,
): Promise<LoadedGuest<RunResult>> {
  refuseUnfit(options, 'bare')
  requireHeld(kvmError)
  const {server, core} = launch
  // gdb reads no symbols from a flat binary.
  const symbols = options.flat === undefined ? options.program : undefined
  const gdb = server && new (await import('./gdb.ts')).GdbMachine(server, symbols)
  const watching = {
    ...{debug: gdb?.debug, onDead: core?.onDead},
    traceLine: await traceLine(launch, options.trace),
  }
  const machine = launch.use(new BareMachine({...options, ...watching}, {}, fd))
  return {
    start: () => {
      addon.dropKvm()
      launch.decide('machine', false)
      gdb?.begin()
      return {end: () => machine.run()}
    },
  }
}
