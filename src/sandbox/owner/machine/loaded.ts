// What the first ProgramMachine of a process loads, and what programs of a machine are ordered with.

import type {GuestFiles} from '../../../launch/guest-files.ts'
import {guestProgram} from '../../../launch/guest-program.ts'
import {guestEnvironment} from '../../../launch/options.ts'
import type {MachineOrder} from '../../../machine/program/order.ts'
import {DEFAULT_HOSTNAME} from '../../../sentry/outside/hostname.ts'
import type {RunRequest} from '../../protocol/messages.ts'

export {KernelTree} from '../../../launch/kernel-tree.ts'
export {endOfProgram} from '../../../launch/machine-program-end.ts'
export {startMachine} from './start-machine.ts'

const UMASK = 0o22
const TERMINAL = 'xterm'

export function orderIn(
  {program, args, env, cwd, terminal}: RunRequest,
  {hostname = DEFAULT_HOSTNAME}: {hostname?: string},
  {config, user}: GuestFiles,
): MachineOrder {
  const own = guestEnvironment(terminal && TERMINAL)
  const {cwd: directory = '/', ...found} = guestProgram({program, args, env, cwd}, config, own)
  return {...found, cwd: directory, hostname, user, umask: UMASK, nice: 0, terminal}
}
