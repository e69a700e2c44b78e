// What observes a kernel's machine or its dying programs: gdb, and a core file. Opened before there is a jail.

import type {CoreFile} from './core.ts'
import type {GdbMachine} from './gdb-machine.ts'
import type {MachineCore} from './machine-core.ts'
import type {RunOptions} from './options.ts'

export interface KernelDebugging {
  readonly gdb: GdbMachine | undefined
  readonly core: CoreFile | undefined
  /** Leaves the machine itself in `core`. */
  readonly machineCore: MachineCore | undefined
}

/** @throws HvError BAD_ARGUMENT */
export async function openKernelDebugging(options: RunOptions): Promise<KernelDebugging> {
  const {gdb: address, core: path} = options
  const server = address && (await (await import('./gdb-server.ts')).listenForGdb(address, options, true))
  const gdb = server && new (await import('./gdb-machine.ts')).GdbMachine(server)
  const core = path ? new (await import('./core.ts')).CoreFile(path) : undefined
  const machineCore = core && new (await import('./machine-core.ts')).MachineCore(core)
  return {gdb, core, machineCore}
}
