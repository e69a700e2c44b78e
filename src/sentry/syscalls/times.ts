// times(2), getrusage(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {encodeTimeval, fromNs} from '../../abi/time.ts'
import type {Syscall} from './syscall.ts'

/** sysconf(_SC_CLK_TCK) is 100 on every Linux. */
const TICK_NS = 10_000_000

/** CPU time is the time that the guest ran: all of it counts as user time. */
export const times: Syscall = (task, args) => {
  const address = args.address(0)
  if (address !== 0) {
    const userTicks = Math.floor(task.kernel.cpuTimeNs(task.process) / TICK_NS)
    task.memory.writeBytes(address, new Uint8Array(BigInt64Array.of(BigInt(userTicks), 0n, 0n, 0n).buffer))
  }
  return Math.floor(task.kernel.monotonicNs() / TICK_NS)
}

const RUSAGE_SELF = 0
const RUSAGE_CHILDREN = -1
const RUSAGE_THREAD = 1
const RUSAGE_BYTES = 144
const MAXRSS = 32
const KIBIBYTE = 1024

export const getrusage: Syscall = (task, args) => {
  const who = args.int32(0)
  if (who !== RUSAGE_SELF && who !== RUSAGE_CHILDREN && who !== RUSAGE_THREAD) throw new Errno(EINVAL)
  const bytes = new Uint8Array(RUSAGE_BYTES)
  if (who !== RUSAGE_CHILDREN) {
    encodeTimeval(fromNs(task.kernel.cpuTimeNs(task.process)), bytes)
    const resident = Math.floor(task.kernel.platform.memory.allocatedBytes / KIBIBYTE)
    new DataView(bytes.buffer).setBigInt64(MAXRSS, BigInt(resident), true)
  }
  task.memory.writeBytes(args.address(1), bytes)
  return 0
}
