// openHostStream: a descriptor of hv's as what it is.

import {HostStream} from './host-stream.ts'
import {HostTerminal, isTerminal} from './host-terminal.ts'

/** Access mode and status flags are the guest's. */
export function openHostStream(fd: number, flags: number): HostStream {
  return isTerminal(fd) ? new HostTerminal(fd, flags) : new HostStream(fd, flags)
}
