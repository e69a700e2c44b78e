// What lies outside the sandbox, where nothing leads without a broker.

import {EACCES, Errno} from '../../../abi/errno.ts'
import type {Task} from '../../core/task.ts'
import {type Endpoint, formatIp, isIPv4} from './address.ts'

/**
 * A connection or datagram for an address that is not the sandbox's.
 * @param task undefined: the embedder's
 * @param to what --allow-net would have to name, of a connection
 * @throws Errno EACCES, and counts it
 */
export function refuseOutside(task: Task | undefined, to?: Endpoint): never {
  const rule = to && ruleFor(to)
  if (task !== undefined) {
    task.process.run.counters.countRefused(task.context.callNumber, rule)
    task.refusal = rule ?? ''
  }
  throw new Errno(EACCES)
}

function ruleFor({ip, port}: Endpoint): string {
  return isIPv4(ip) ? `${formatIp(ip)}:${port}` : `[${formatIp(ip)}]:${port}`
}
