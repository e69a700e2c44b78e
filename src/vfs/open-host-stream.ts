// openHostStream: opens one of hv's descriptors as the kind of stream that it is.

import {HostStream} from './host-stream.ts'
import {HostTerminal, isTerminal} from './host-terminal.ts'

/** Access mode and status flags are those that the guest sees. */
export function openHostStream(fd: number, flags: number): HostStream {
  return isTerminal(fd) ? new HostTerminal(fd, flags) : new HostStream(fd, flags)
}
