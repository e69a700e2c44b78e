// What the first ProgramMachine of a process loads, and what programs of a machine are ordered with.

import {guestProgram} from '../../../launch/guest-program.ts'
import type {ReadTree} from '../../../launch/kernel-tree.ts'
import {fromHere} from '../../../launch/options/parse-values.ts'
import {guestEnvironment} from '../../../launch/options.ts'
import type {MachineOrder} from '../../../machine/program/order.ts'
import type {MemoryFile} from '../../../platform/memory-file.ts'
import {openHostProgram} from '../../../sentry/outside/host-program.ts'
import {DEFAULT_HOSTNAME} from '../../../sentry/outside/hostname.ts'
import {ShownPrograms} from '../../../sentry/outside/shown-programs.ts'
import type {RunRequest} from '../../protocol/messages.ts'

export {KernelTree} from '../../../launch/kernel-tree.ts'
export {resolvConf} from '../../../launch/machine-network.ts'
export {endOfProgram} from '../../../launch/machine-program-end.ts'
export {startMachine} from './start-machine.ts'

const UMASK = 0o22
const TERMINAL = 'xterm'

/** @returns what a request becomes, in a machine that was made with these settings */
export function orderer(
  {hostname = DEFAULT_HOSTNAME, withLibraries}: {hostname?: string; withLibraries?: boolean},
  {memory}: {memory: MemoryFile},
  {mount, shown: {config, user, showProgram}}: ReadTree,
): (request: RunRequest) => MachineOrder {
  const programs = withLibraries ? new ShownPrograms(mount.top, memory, showProgram) : undefined
  return ({program, args, env, cwd, terminal}) => {
    const own = guestEnvironment(terminal && TERMINAL)
    const shown = programs?.show(openHostProgram(fromHere(program!)), env.LD_LIBRARY_PATH) ?? program
    const {cwd: directory = '/', ...found} = guestProgram({program: shown, args, env, cwd}, config, own)
    return {...found, cwd: directory, hostname, user, umask: UMASK, nice: 0, terminal}
  }
}
