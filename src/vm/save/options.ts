// Where a saved VM's memory is: the options of Vm.save and Vm.restore.

import * as v from 'valibot'
import * as takes from '../../options.ts'

/** Where a saved VM's memory is. @see {@link Vm.save} */
export interface SaveOptions {
  /**
   * The descriptor of a file for all memory: empty at `save`, with holes afterwards where memory is zero. `restore` maps it privately: each
   * page is read when it is touched, and the file is never written, so that many VMs can go on from it. It must stay as it is while one
   * lives: a page that is cut off ends the process that touches it (SIGBUS). Default: the memory is in the same file.
   */
  memory?: number
}

/** @internal */
export const saveOptions = takes.options({memory: v.optional(takes.integer(0, 2 ** 31 - 1))})
