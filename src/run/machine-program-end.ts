// How a program in a machine ended: as the sentry would say it.

import {EACCES, ENOENT, ENOTDIR, errnoName} from '../abi/errno.ts'
import {HvError, printable} from '../errors.ts'
import type {MachineResult} from '../machine/machine-result.ts'
import type {MachineOrder} from '../machine/program/order.ts'
import type {ProgramEnd} from '../machine/program/program-link.ts'
import type {RunResult} from './options.ts'

type Ending = Pick<RunResult, 'exitCode' | 'signal' | 'timedOut'>

const NEEDED = 'it has to have virtio-mmio, virtio-fs and vsock: name their directory by `modules`'

/**
 * @param end what its first process told; undefined: nothing
 * @param machine how the machine ended
 * @param reason what its console said last
 * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ARGUMENT, BAD_KERNEL: there was no program
 */
export function endOfProgram(
  order: MachineOrder,
  end: ProgramEnd | undefined,
  machine: Omit<MachineResult, 'stats'>,
  reason: string,
): Ending {
  if (machine.timedOut) return {exitCode: null, signal: null, timedOut: true}
  if (end === undefined) {
    if (machine.signal !== null) return machine
    const said = reason === '' ? 'and its console said nothing' : `its console said: ${printable(reason)}`
    throw new HvError('BAD_KERNEL', `the kernel ended without the program's end; ${said}`, NEEDED)
  }
  if ('errno' in end) throw noProgram(order, end)
  return {exitCode: null, signal: null, timedOut: false, ...end}
}

function noProgram(
  {program, cwd}: MachineOrder,
  {errno, ofDirectory}: {errno: number; ofDirectory: boolean},
): HvError {
  const why = errnoName(errno)
  if (ofDirectory)
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
