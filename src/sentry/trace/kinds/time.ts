// Kinds of clocks and times.

import * as time from '../../../abi/time.ts'
import {isAbsoluteSleep} from '../interruption.ts'
import {type Kind, type Kinds, named, structIn, structOut} from '../kind.ts'
import {enumeration, flagWord, pick, startingWith} from '../text/number.ts'
import {int64} from '../text/view.ts'

const TMS_SIZE = 32
const UTIMBUF_SIZE = 16

const clockName = enumeration(startingWith(time, 'CLOCK_'), 'CLOCK_???')
const timerName = enumeration({ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2}, 'ITIMER_???')

const timespec = (view: DataView, offset = 0): string => pair(view, offset, 'nsec')
const timeval = (view: DataView, offset = 0): string => pair(view, offset, 'usec')

/** What is left of a wait that ended early. */
const left = (show: (view: DataView) => string): Kind => ({
  ...structIn(time.TIMESPEC_BYTES, (view) => show(view)),
  note: (call, index, result) =>
    result > 0 && !call.isNull(index)
      ? `left ${call.struct(index, time.TIMESPEC_BYTES, (view) => show(view))}`
      : undefined,
})

export const times = {
  clockid: named(clockName),
  itimer: named(timerName),
  timerflags: named(flagWord(pick(time, 'TIMER_ABSTIME'), 'TIMER_???')),
  timerfdtimeflags: named(flagWord({TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2}, 'TFD_???')),
  timespec: structIn(time.TIMESPEC_BYTES, (view) => timespec(view)),
  timespec_out: structOut(time.TIMESPEC_BYTES, (view) => timespec(view)),
  /** The time that an interrupted sleep had left. */
  timespec_rest: {
    interrupted: (call, index) =>
      isAbsoluteSleep(call)
        ? call.pointer(index)
        : call.struct(index, time.TIMESPEC_BYTES, (view) => timespec(view)),
  },
  timespec_left: left(timespec),
  timeval_left: left(timeval),
  timeval: structIn(time.TIMEVAL_BYTES, (view) => timeval(view)),
  timeval_out: structOut(time.TIMEVAL_BYTES, (view) => timeval(view)),
  itimerval: structIn(time.ITIMER_BYTES, (view) => interval(view, timeval)),
  itimerval_out: structOut(time.ITIMER_BYTES, (view) => interval(view, timeval)),
  itimerspec: structIn(time.ITIMER_BYTES, (view) => interval(view, timespec)),
  itimerspec_out: structOut(time.ITIMER_BYTES, (view) => interval(view, timespec)),
  /** utimensat(2): access, then modification. */
  timespecs: structIn(
    2 * time.TIMESPEC_BYTES,
    (view) => `[${[0, 16].map((at) => stamp(view, at)).join(', ')}]`,
  ),
  timevals: structIn(
    2 * time.TIMEVAL_BYTES,
    (view) =>
      `[${[0, 16].map((at) => `${timeval(view, at)}${dated(view.getBigInt64(at, true))}`).join(', ')}]`,
  ),
  utimbuf: structIn(
    UTIMBUF_SIZE,
    (view) =>
      `{${['actime', 'modtime']
        .map((name, i) => `${name}=${int64(view, 8 * i)}${dated(view.getBigInt64(8 * i, true))}`)
        .join(', ')}}`,
  ),
  /** times(2)'s struct tms. */
  tms: structOut(
    TMS_SIZE,
    (view) =>
      `{${['utime', 'stime', 'cutime', 'cstime']
        .map((name, i) => `tms_${name}=${ticks(view.getBigInt64(8 * i, true))}`)
        .join(', ')}}`,
  ),
  /** time(2)'s time_t. */
  time_out: structOut(8, (view) => `[${int64(view, 0)}${dated(view.getBigInt64(0, true))}]`),
} satisfies Kinds

/** clock_t: 100 per second. */
function ticks(value: bigint): string {
  return value === 0n ? '0' : `${value} /* ${(Number(value) / time.USER_HZ).toFixed(2)} s */`
}

function pair(view: DataView, offset: number, fraction: string): string {
  return `{tv_sec=${int64(view, offset)}, tv_${fraction}=${int64(view, offset + 8)}}`
}

function interval(view: DataView, show: (view: DataView, offset: number) => string): string {
  return `{it_interval=${show(view, 0)}, it_value=${show(view, 16)}}`
}

function stamp(view: DataView, offset: number): string {
  const nanoseconds = int64(view, offset + 8)
  if (Number(nanoseconds) === time.UTIME_NOW) return 'UTIME_NOW'
  if (Number(nanoseconds) === time.UTIME_OMIT) return 'UTIME_OMIT'
  return timespec(view, offset) + dated(view.getBigInt64(offset, true), nanoseconds.padStart(9, '0'))
}

/** A comment with the date in UTC, like strace's; nothing for the epoch itself. */
function dated(seconds: bigint, fraction = ''): string {
  if (seconds === 0n || seconds < -8_640_000_000_000n || seconds > 8_640_000_000_000n) return ''
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return ` /* ${date}${/[1-9]/.test(fraction) ? `.${fraction}` : ''}+0000 */`
}
