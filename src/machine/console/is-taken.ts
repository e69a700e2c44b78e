// isTaken: hands over a machine's output; a reader that went away is no error.

import {HvError} from '../../errors.ts'
import type {MachineOutput} from './streams.ts'

/** False when nothing reads it any more. */
export async function isTaken(output: MachineOutput): Promise<boolean> {
  try {
    await output.flush()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false
    throw new HvError(
      'HOST_SYSCALL',
      `the guest's output cannot be written: ${(error as Error).message}`,
      '',
      {
        cause: error,
      },
    )
  }
}
