// Names of what a process asks about itself and its scheduling: linux/{resource,prctl,sched,futex,utsname}.h.

import {counted, countedBits, enumeration, flagWord, type Names} from '../text/number.ts'

export const resourceName = enumeration(
  counted(
    'RLIMIT_',
    'CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME',
  ),
  'RLIMIT_???',
)
export const usageName = enumeration({RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1}, 'RUSAGE_???')
export const priorityName = enumeration(counted('PRIO_', 'PROCESS PGRP USER'), 'PRIO_???')
export const schedulerName = enumeration(
  counted('SCHED_', 'OTHER FIFO RR BATCH ISO IDLE DEADLINE EXT'),
  'SCHED_???',
)
export const archPrctlName = enumeration(
  {
    ARCH_SET_GS: 0x1001,
    ARCH_SET_FS: 0x1002,
    ARCH_GET_FS: 0x1003,
    ARCH_GET_GS: 0x1004,
    ARCH_GET_CPUID: 0x1011,
    ARCH_SET_CPUID: 0x1012,
  },
  'ARCH_???',
)
export const archGets: ReadonlySet<number> = new Set([0x1003, 0x1004])
export const dumpableName = enumeration(counted('SUID_DUMP_', 'DISABLE USER ROOT'), 'SUID_DUMP_???')

const membarriers =
  'GLOBAL GLOBAL_EXPEDITED REGISTER_GLOBAL_EXPEDITED PRIVATE_EXPEDITED REGISTER_PRIVATE_EXPEDITED ' +
  'PRIVATE_EXPEDITED_SYNC_CORE REGISTER_PRIVATE_EXPEDITED_SYNC_CORE PRIVATE_EXPEDITED_RSEQ ' +
  'REGISTER_PRIVATE_EXPEDITED_RSEQ GET_REGISTRATIONS'
const membarrierBits = countedBits('MEMBARRIER_CMD_', membarriers)
export const membarrierName = enumeration({MEMBARRIER_CMD_QUERY: 0, ...membarrierBits}, 'MEMBARRIER_CMD_???')
export const membarrierSet = flagWord(membarrierBits, 'MEMBARRIER_CMD_???')
export const membarrierFlags = flagWord({MEMBARRIER_CMD_FLAG_CPU: 1}, 'MEMBARRIER_CMD_FLAG_???')

/** linux/personality.h: flags of the program's own kind, PER_LINUX. */
const personalityBits = flagWord(
  countedBits(
    '',
    'UNAME26 ADDR_NO_RANDOMIZE FDPIC_FUNCPTRS MMAP_PAGE_ZERO ADDR_COMPAT_LAYOUT READ_IMPLIES_EXEC ' +
      'ADDR_LIMIT_32BIT SHORT_INODE WHOLE_SECONDS STICKY_TIMEOUTS ADDR_LIMIT_3GB',
    17,
  ),
  'PER_???',
)

/** Domains without flags of their own: linux/personality.h. */
const PERSONALITIES: Record<number, string | undefined> = {
  0: 'LINUX',
  6: 'BSD',
  8: 'LINUX32',
  12: 'RISCOS',
  15: 'OSF4',
  16: 'HPUX',
  255: 'MASK',
}

export function personalityName(value: number): string {
  const kind = value & 0xff
  const known = PERSONALITIES[kind]
  const name = known === undefined ? `0x${kind.toString(16)} /* PER_??? */` : `PER_${known}`
  return value === kind ? name : `${name}|${personalityBits(value & ~0xff)}`
}
export const randomFlags = flagWord({GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4}, 'GRND_???')
export const prctlName = enumeration(
  {
    ...counted('PR_', 'SET_PDEATHSIG GET_PDEATHSIG GET_DUMPABLE SET_DUMPABLE GET_UNALIGN SET_UNALIGN', 1),
    ...counted('PR_', 'GET_KEEPCAPS SET_KEEPCAPS', 7),
    ...counted('PR_', 'GET_TIMING SET_TIMING SET_NAME GET_NAME', 13),
    ...counted('PR_', 'GET_SECCOMP SET_SECCOMP CAPBSET_READ CAPBSET_DROP GET_TSC SET_TSC', 21),
    ...counted('PR_', 'GET_SECUREBITS SET_SECUREBITS SET_TIMERSLACK GET_TIMERSLACK', 27),
    ...counted('PR_', 'SET_MM SET_CHILD_SUBREAPER GET_CHILD_SUBREAPER SET_NO_NEW_PRIVS GET_NO_NEW_PRIVS', 35),
    ...counted('PR_', 'GET_TID_ADDRESS SET_THP_DISABLE GET_THP_DISABLE', 40),
    PR_CAP_AMBIENT: 47,
    PR_SET_VMA: 0x53564d41,
  },
  'PR_???',
)
const FUTEX_OPERATIONS =
  'WAIT WAKE FD REQUEUE CMP_REQUEUE WAKE_OP LOCK_PI UNLOCK_PI TRYLOCK_PI WAIT_BITSET WAKE_BITSET ' +
  'WAIT_REQUEUE_PI CMP_REQUEUE_PI LOCK_PI2'
export const futexNames: Names = counted('FUTEX_', FUTEX_OPERATIONS)
