// What lies outside the sandbox: nothing that a socket can reach.

import {EACCES, Errno} from '../../../abi/errno.ts'
import type {Task} from '../../core/task.ts'

/** A connection or datagram for an address that is not the sandbox's. @param task undefined: the embedder's @throws Errno EACCES, and counts it */
export function refuseOutside(task: Task | undefined): never {
  task?.process.run.counters.countRefused(task.context.callNumber)
  throw new Errno(EACCES)
}
