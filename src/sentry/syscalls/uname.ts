// uname(2), sethostname(2), setdomainname(2).

import {CAP_SYS_ADMIN} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {PER_LINUX32, PER_MASK} from '../../abi/prctl.ts'
import {arch} from '../../arch/index.ts'
import {requireCapability} from '../core/credentials.ts'
import {KERNEL_RELEASE, KERNEL_VERSION} from '../core/release.ts'
import type {Syscall} from '../core/syscall.ts'

const FIELD_BYTES = 65
const FIELDS = 6
const HOSTNAME_MAX = 64

export const uname: Syscall = (task, args) => {
  const is32Bit = (task.process.attributes.personality & PER_MASK) === PER_LINUX32
  const machine = is32Bit ? arch.machine32 : arch.machine
  const fields = ['Linux', task.kernel.hostname, KERNEL_RELEASE, KERNEL_VERSION, machine, '(none)']
  const bytes = new Uint8Array(FIELDS * FIELD_BYTES)
  fields.forEach((field, index) => {
    bytes.set(Buffer.from(field, 'latin1').subarray(0, FIELD_BYTES - 1), index * FIELD_BYTES)
  })
  task.memory.writeBytes(args.address(0), bytes)
  return 0
}

export const sethostname: Syscall = (task, args) => {
  const length = args.int32(1)
  requireCapability(task.credentials, CAP_SYS_ADMIN)
  if (length < 0 || length > HOSTNAME_MAX) throw new Errno(EINVAL)
  task.kernel.hostname = Buffer.from(task.memory.readBytes(args.address(0), length)).toString('latin1')
  return 0
}
