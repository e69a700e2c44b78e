// Names of what a process asks about itself and its scheduling: linux/{resource,prctl,sched,futex,utsname}.h.

import {enumeration, flagWord, type Names} from '../text/number.ts'

/** Names that count up from `first`. */
function counted(prefix: string, names: string, first = 0): Names {
  return Object.fromEntries(names.split(' ').map((name, i) => [`${prefix}${name}`, first + i]))
}

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
