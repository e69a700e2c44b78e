// How a program in a machine ended, in the sentry's terms.

import {EACCES, ENOENT, ENOTDIR, errnoName} from '../abi/errno.ts'
import {HvError, printable} from '../errors.ts'
import type {MachineResult} from '../machine/machine-result.ts'
import type {MachineOrder} from '../machine/program/order.ts'
import type {ProgramEnd, ProgramLink} from '../machine/program/program-link.ts'
import type {RunResult} from './options.ts'

const LOOK = 'look at what the program asks of its kernel'

type Ending = Pick<RunResult, 'exitCode' | 'signal' | 'timedOut'>

/** A kernel's, for programs. */
export const NEEDED = 'it has to have virtio-mmio, virtio-fs and vsock: name their directory by `modules`'

/**
 * @param link how its first process reported the end
 * @param machine how the machine ended; without an exit code and a signal: the program's relay has gone, and the machine may go on
 * @param reason the last thing that its console said
 * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ARGUMENT, SANDBOX_FULL, BAD_KERNEL when no program was started
 */
export function endOfProgram(
  order: MachineOrder,
  {end, hasBegun}: Pick<ProgramLink, 'end' | 'hasBegun'>,
  machine: Omit<MachineResult, 'stats'>,
  reason: string,
): Ending {
  if (machine.timedOut) return {exitCode: null, signal: null, timedOut: true}
  if (end === undefined) {
    if (machine.signal !== null) return machine
    const said = reason === '' ? 'and its console said nothing' : `its console said: ${printable(reason)}`
    if (!hasBegun) throw new HvError('BAD_KERNEL', `the kernel did not start the program; ${said}`, NEEDED)
    // The machine may go on, or be about to end.
    const what =
      machine.exitCode === null ? 'the machine lost the program' : 'the kernel ended before the program'
    throw new HvError('BAD_KERNEL', `${what}; ${said}`, LOOK)
  }
  if ('errno' in end) throw noProgram(order, end)
  return {exitCode: null, signal: null, timedOut: false, ...end}
}

function noProgram({program, cwd}: MachineOrder, {errno, of}: Extract<ProgramEnd, {errno: number}>): HvError {
  const why = errnoName(errno)
  if (of === 'machine')
    return new HvError(
      'SANDBOX_FULL',
      `the machine cannot begin another process (${why})`,
      'let others end, or give it more memory',
    )
  if (of === 'directory')
    return new HvError(
      'BAD_ARGUMENT',
      `\`cwd\` ${printable(cwd)} cannot be entered in the guest: ${why}`,
      'name a directory of the guest',
    )
  const shown = printable(program)
  if (errno === ENOENT || errno === ENOTDIR) {
    if (!program.includes('/'))
      return new HvError('NOT_FOUND', `${shown}: not in the guest's PATH`, 'give its path in the guest')
    return new HvError(
      'NOT_FOUND',
      `${shown}: no such program in the guest, or not what it needs`,
      'check the path',
    )
  }
  const remedy = errno === EACCES ? 'make it executable: `chmod +x`' : 'name a program for this architecture'
  return new HvError('NOT_EXECUTABLE', `${shown}: cannot be executed (${why})`, remedy)
}
