// NetlinkProtocol: what answers at the kernel's end of a netlink socket.

import type {Task} from '../../core/task.ts'
import type {Answer, Request} from './message.ts'

export interface NetlinkProtocol {
  /** NETLINK_* */
  readonly number: number
  /** Whether NLM_F_DUMP is one of the flags of such a request: otherwise it is another flag's bit. */
  hasDumps(type: number): boolean
  /** A request that is no dump. @throws Errno which becomes the error message */
  answer(task: Task, request: Request): Answer | undefined
  /**
   * What a dump contains now, from its `start`th message on: a long dump is made in pieces, while it is read.
   * @throws Errno, before the first message
   */
  dump(request: Request, start: number): Iterable<Answer>
}
