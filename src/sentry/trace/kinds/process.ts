// Kinds of what a process asks about itself: limits, identity, usage, scheduling.

import {flagged, HIDDEN, type Kinds, named, structIn, structOut} from '../kind.ts'
import {counted, countedBits, enumeration, flagWord, hexOf} from '../text/number.ts'
import {quote} from '../text/quote.ts'
import {int64, pointer64, showBits, showFirst, uint64} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

const RLIMIT_SIZE = 16
const UTSNAME_SIZE = 390
const UTSNAME_FIELD = 65
const USAGE_SIZE = 144
const SYSINFO_SIZE = 112
const INFINITY = 2n ** 64n - 1n
const KIB = 1024n
const BITS = 8
/** personality(2): only queries. */
const ASK_PERSONALITY = 0xffffffff

const archGets: ReadonlySet<number> = new Set([0x1003, 0x1004])

export const schedulerName = enumeration(
  counted('SCHED_', 'OTHER FIFO RR BATCH ISO IDLE DEADLINE EXT'),
  'SCHED_???',
)

const membarriers =
  'GLOBAL GLOBAL_EXPEDITED REGISTER_GLOBAL_EXPEDITED PRIVATE_EXPEDITED REGISTER_PRIVATE_EXPEDITED ' +
  'PRIVATE_EXPEDITED_SYNC_CORE REGISTER_PRIVATE_EXPEDITED_SYNC_CORE PRIVATE_EXPEDITED_RSEQ ' +
  'REGISTER_PRIVATE_EXPEDITED_RSEQ GET_REGISTRATIONS'
const membarrierBits = countedBits('MEMBARRIER_CMD_', membarriers)
export const membarrierSet = flagWord(membarrierBits, 'MEMBARRIER_CMD_???')

const pointerOut = structOut(8, (view) => `[${pointer64(view, 0)}]`)

export const process = {
  rlimitres: named(
    enumeration(
      counted(
        'RLIMIT_',
        'CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME',
      ),
      'RLIMIT_???',
    ),
  ),
  rlimit: structIn(RLIMIT_SIZE, showLimits),
  rlimit_out: structOut(RLIMIT_SIZE, showLimits),
  utsname: structOut(UTSNAME_SIZE, showUtsname),
  rusagewho: named(enumeration({RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1}, 'RUSAGE_???')),
  rusage: structOut(USAGE_SIZE, showUsage),
  sysinfo: structOut(SYSINFO_SIZE, showSysinfo),
  priowhich: named(enumeration(counted('PRIO_', 'PROCESS PGRP USER'), 'PRIO_???')),
  scheduler: named(schedulerName),
  archprctl: named(
    enumeration(
      {
        ...counted('ARCH_', 'SET_GS SET_FS GET_FS GET_GS', 0x1001),
        ...counted('ARCH_', 'GET_CPUID SET_CPUID', 0x1011),
      },
      'ARCH_???',
    ),
  ),
  /** An address, or where one is stored. */
  archprctlarg: {
    enter: (call, index) => (archGets.has(call.int32(index - 1)) ? undefined : call.hex(index)),
    leave: (call, index) => (archGets.has(call.int32(index - 1)) ? pointerOut.leave!(call, index, 0) : ''),
  },
  membarrier: named(enumeration({MEMBARRIER_CMD_QUERY: 0, ...membarrierBits}, 'MEMBARRIER_CMD_???')),
  membarrierflags: flagged(flagWord({MEMBARRIER_CMD_FLAG_CPU: 1}, 'MEMBARRIER_CMD_FLAG_???')),
  /** A processor, which the call takes only with the flag. */
  membarriercpu: {enter: (call, index) => (call.int32(index - 1) === 0 ? HIDDEN : String(call.int32(index)))},
  personality: {
    enter: (call, index) => {
      const value = call.uint32(index)
      return value === ASK_PERSONALITY ? hexOf(value) : personalityName(value)
    },
  },
  randomflags: flagged(flagWord({GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4}, 'GRND_???')),
  /** One int, as for sched_setparam(2), or one that a call stores. */
  int_in: structIn(4, (view) => `[${view.getInt32(0, true)}]`),
  uint_out: structOut(4, (view) => `[${view.getUint32(0, true)}]`),
  int_out: structOut(4, (view) => `[${view.getInt32(0, true)}]`),
  ptr_out: pointerOut,
  size_out: structOut(8, (view) => `[${uint64(view, 0)}]`),
  /** pipe(2)'s two. */
  fdpair_out: structOut(8, (view) => `[${view.getInt32(0, true)}, ${view.getInt32(4, true)}]`),
  /** An offset that the call reads; NULL for the file's own. */
  offset_in: structIn(8, (view) => `[${int64(view, 0)}]`),
  /** An offset that the call reads and moves. */
  offset_inout: {
    ...structIn(8, (view) => `[${uint64(view, 0)}]`),
    leave: (call, index) =>
      call.isNull(index) ? '' : ` => ${call.struct(index, 8, (view) => `[${uint64(view, 0)}]`)}`,
  },
  /** getgroups(2): as many as the result says. */
  gids_out: {
    leave: (call, index, result) =>
      call.int32(index - 1) === 0 ? call.pointer(index) : showIds(call, index, result),
  },
  gids_in: {enter: (call, index) => showIds(call, index, call.int32(index - 1))},
  /** A set of processors: as many bytes as the result says. */
  cpuset_out: {leave: (call, index, result) => showCpus(call, index, result)},
  cpuset_in: {enter: (call, index) => showCpus(call, index, Math.min(call.address(index - 1), 128))},
} satisfies Kinds

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

function showLimits(view: DataView, call: TracedCall): string {
  const infinity = call.name === 'prlimit64' ? 'RLIM64_INFINITY' : 'RLIM_INFINITY'
  const show = (offset: number): string => {
    const value = view.getBigUint64(offset, true)
    if (value === INFINITY) return infinity
    return value > KIB && value % KIB === 0n ? `${value / KIB}*1024` : String(value)
  }
  return `{rlim_cur=${show(0)}, rlim_max=${show(8)}}`
}

function showUtsname(view: DataView): string {
  const field = (index: number): string => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + index * UTSNAME_FIELD, UTSNAME_FIELD)
    const end = bytes.indexOf(0)
    return quote(end < 0 ? bytes : bytes.subarray(0, end))
  }
  return `{sysname=${field(0)}, nodename=${field(1)}, ...}`
}

function showUsage(view: DataView): string {
  const time = (offset: number): string =>
    `{tv_sec=${int64(view, offset)}, tv_usec=${int64(view, offset + 8)}}`
  return `{ru_utime=${time(0)}, ru_stime=${time(16)}, ...}`
}

function showSysinfo(view: DataView): string {
  const loads = [8, 16, 24].map((offset) => uint64(view, offset)).join(', ')
  const memory = ['totalram', 'freeram', 'sharedram', 'bufferram', 'totalswap', 'freeswap']
  return (
    `{uptime=${int64(view, 0)}, loads=[${loads}], ` +
    `${memory.map((name, i) => `${name}=${uint64(view, 32 + 8 * i)}`).join(', ')}, ` +
    `procs=${view.getUint16(80, true)}, totalhigh=${uint64(view, 88)}, freehigh=${uint64(view, 96)}, ` +
    `mem_unit=${view.getUint32(104, true)}}`
  )
}

function showIds(call: TracedCall, index: number, count: number): string {
  return call.follow(index, (address, memory) =>
    showFirst(count, call.limit, (i) => memory.readInt32(address + 4 * i)),
  )
}

function showCpus(call: TracedCall, index: number, bytes: number): string {
  return call.follow(index, (address, memory) => showBits(memory.readBytes(address, bytes), bytes * BITS))
}
