// UnixDomain: what all UNIX sockets of a guest share: their names, and the descriptors in their messages.

import {InFlight} from './in-flight.ts'
import {UnixNames} from './unix-names.ts'

export class UnixDomain {
  readonly names = new UnixNames()
  readonly inFlight = new InFlight()
}
