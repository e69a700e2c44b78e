// Protocols of netlink that programs open and go on without an answer: uevents, of which there are none, and generic families, which do not exist.

import {EINVAL, ENOENT, Errno} from '../../../abi/errno.ts'
import {NETLINK_GENERIC, NETLINK_KOBJECT_UEVENT} from '../../../abi/netlink.ts'
import type {NetlinkProtocol} from './protocol.ts'

function quiet(number: number, code: number): NetlinkProtocol {
  const fail = (): never => {
    throw new Errno(code)
  }
  return {number, hasDumps: () => false, answer: fail, dump: fail}
}

export const quietProtocols: readonly NetlinkProtocol[] = [
  quiet(NETLINK_KOBJECT_UEVENT, EINVAL),
  quiet(NETLINK_GENERIC, ENOENT),
]
