// prctl(2)'s options for capabilities: the bounding and the ambient set, securebits (capabilities(7)).

import {
  CAP_SETPCAP,
  capabilities,
  difference,
  hasCapability,
  LAST_CAPABILITY,
  NO_CAPABILITIES,
  union,
} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_IS_SET,
  PR_CAP_AMBIENT_LOWER,
  PR_CAP_AMBIENT_RAISE,
} from '../../abi/prctl.ts'
import {
  type Credentials,
  requireCapability,
  SECBIT_KEEP_CAPS,
  SECBIT_KEEP_CAPS_LOCKED,
  SECBIT_NO_CAP_AMBIENT_RAISE,
} from '../core/credentials.ts'
import type {Arguments} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

/** The bit above each one locks it. */
const SECURE_BITS = 0x55
const SECURE_LOCKS = SECURE_BITS << 1

export function readBoundingSet({credentials}: Task, args: Arguments): number {
  return Number(hasCapability(credentials.bounding, capabilityOf(args, 1)))
}

export function dropFromBoundingSet(task: Task, args: Arguments): number {
  requireCapability(task.credentials, CAP_SETPCAP)
  const dropped = capabilities(capabilityOf(args, 1))
  return become(task, {bounding: difference(task.credentials.bounding, dropped)})
}

export function ambient(task: Task, args: Arguments): number {
  const {credentials} = task
  const operation = args.address(1)
  if (operation === PR_CAP_AMBIENT_CLEAR_ALL) {
    if (args.address(2) !== 0 || args.address(3) !== 0 || args.address(4) !== 0) throw new Errno(EINVAL)
    return become(task, {ambient: NO_CAPABILITIES})
  }
  const capability = capabilityOf(args, 2)
  if (args.address(3) !== 0 || args.address(4) !== 0) throw new Errno(EINVAL)
  const one = capabilities(capability)
  switch (operation) {
    case PR_CAP_AMBIENT_IS_SET:
      return Number(hasCapability(credentials.ambient, capability))
    case PR_CAP_AMBIENT_RAISE:
      if (!mayRaiseAmbient(credentials, capability)) throw new Errno(EPERM)
      return become(task, {ambient: union(credentials.ambient, one)})
    case PR_CAP_AMBIENT_LOWER:
      return become(task, {ambient: difference(credentials.ambient, one)})
    default:
      throw new Errno(EINVAL)
  }
}

function mayRaiseAmbient({permitted, inheritable, securebits}: Credentials, capability: number): boolean {
  if (securebits & SECBIT_NO_CAP_AMBIENT_RAISE) return false
  return hasCapability(permitted, capability) && hasCapability(inheritable, capability)
}

export function getSecurebits({credentials}: Task): number {
  return credentials.securebits
}

/** Neither a locked bit nor a lock can be changed back. */
export function setSecurebits(task: Task, args: Arguments): number {
  const {securebits} = task.credentials
  const wanted = args.address(1)
  const locks = securebits & SECURE_LOCKS
  if (wanted > (SECURE_BITS | SECURE_LOCKS)) throw new Errno(EPERM)
  if ((locks >> 1) & (securebits ^ wanted) || locks & ~wanted) throw new Errno(EPERM)
  requireCapability(task.credentials, CAP_SETPCAP)
  return become(task, {securebits: wanted})
}

export function getKeepCaps({credentials}: Task): number {
  return credentials.securebits & SECBIT_KEEP_CAPS ? 1 : 0
}

export function setKeepCaps(task: Task, args: Arguments): number {
  const keeps = args.address(1)
  if (keeps > 1) throw new Errno(EINVAL)
  const {securebits} = task.credentials
  if (securebits & SECBIT_KEEP_CAPS_LOCKED) throw new Errno(EPERM)
  return become(task, {securebits: (securebits & ~SECBIT_KEEP_CAPS) | (keeps ? SECBIT_KEEP_CAPS : 0)})
}

function capabilityOf(args: Arguments, index: number): number {
  const capability = args.address(index)
  if (capability > LAST_CAPABILITY) throw new Errno(EINVAL)
  return capability
}

function become(task: Task, change: Partial<Credentials>): number {
  task.credentials = {...task.credentials, ...change}
  return 0
}
