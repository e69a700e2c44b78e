// adjtimex(2), clock_adjtime(2): the state of a clock that nothing in the guest steers.

import {EINVAL, EOPNOTSUPP, EPERM, Errno} from '../../abi/errno.ts'
import {CLOCK_REALTIME, encodeTimeval} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {isClock, readClock} from '../time/clocks.ts'

// struct timex: fields are longs, except modes, status, shift and tai.
const TIMEX_BYTES = 208
const MAXERROR = 24
const ESTERROR = 32
const STATUS = 40
const PRECISION = 56
const TOLERANCE = 64
const TIME = 72
const TICK = 88

const STA_UNSYNC = 0x40
const TIME_ERROR = 5
const MAX_ERROR_US = 16_000_000n
/** 500 ppm, scaled by 2^16. */
const TOLERANCE_SCALED = 32_768_000n
const TICK_US = 10_000n

export const adjtimex: Syscall = (task, args) => query(task, args.address(0))

export const clockAdjtime: Syscall = (task, args) => {
  const clock = args.int32(0)
  const address = args.address(1)
  task.memory.readBytes(address, TIMEX_BYTES)
  if (clock !== CLOCK_REALTIME) throw new Errno(isClock(clock) ? EOPNOTSUPP : EINVAL)
  return query(task, address)
}

function query(task: Task, address: number): number {
  // ADJ_OFFSET_SS_READ, too, asks for the adjustment in progress, which only a privileged caller starts.
  if (
    task.memory
      .readBytes(address, TIMEX_BYTES)
      .subarray(0, 4)
      .some((byte) => byte !== 0)
  )
    throw new Errno(EPERM)
  const bytes = new Uint8Array(TIMEX_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(MAXERROR, MAX_ERROR_US, true)
  view.setBigInt64(ESTERROR, MAX_ERROR_US, true)
  view.setInt32(STATUS, STA_UNSYNC, true)
  view.setBigInt64(PRECISION, 1n, true)
  view.setBigInt64(TOLERANCE, TOLERANCE_SCALED, true)
  encodeTimeval(readClock(task, CLOCK_REALTIME), bytes, TIME)
  view.setBigInt64(TICK, TICK_US, true)
  task.memory.writeBytes(address, bytes)
  return TIME_ERROR
}
