// The files of /proc/PID that are settings: oom_score_adj, coredump_filter (man 5 proc_pid_oom_score_adj, core); numbers in such files.

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {ByteString} from '../file.ts'
import type {ProcProcess} from './proc-source.ts'
import {text} from './proc-text.ts'

const OOM_SCORE_MAX = 1000
/** MMF_DUMP_*: nine kinds of mappings. */
const DUMP_BITS = 0x1ff
const UINT_MAX = 0xffff_ffff

export function oomScoreAdj(of: () => ProcProcess): ReturnType<typeof text> {
  return text(
    () => `${of().attributes.oomScoreAdj}\n`,
    (written) => {
      const value = parseInteger(upToNul(written).trim())
      if (value === undefined || Math.abs(value) > OOM_SCORE_MAX) throw new Errno(EINVAL)
      of().setOomScoreAdj(value)
    },
  )
}

/** mm/oom_kill.c and proc_oom_score: 0 to 2000 thirds. */
export function oomScore({attributes: {oomScoreAdj: adjustment}, memoryShare}: ProcProcess): number {
  if (adjustment === -OOM_SCORE_MAX) return 0
  return Math.max(0, Math.trunc(((OOM_SCORE_MAX + adjustment + memoryShare) * 2) / 3))
}

export function coredumpFilter(of: () => ProcProcess): ReturnType<typeof text> {
  return text(
    () => `${of().attributes.coredumpFilter.toString(16).padStart(8, '0')}\n`,
    (written) => {
      const value = parseInteger(upToNul(written).replace(/\n$/, ''))
      if (value === undefined || value < 0 || value > UINT_MAX) throw new Errno(EINVAL)
      of().attributes.coredumpFilter = value & DUMP_BITS
    },
  )
}

/** A number of /proc/sys between two bounds: proc_dointvec_minmax. @throws Errno EINVAL */
export function integerBetween(least: number, greatest: number, written: ByteString): number {
  const value = parseInteger(upToNul(written).trim())
  if (value === undefined || value < least || value > greatest) throw new Errno(EINVAL)
  return value
}

/** The kernel copies a buffer and then reads a C string. */
function upToNul(written: ByteString): ByteString {
  return written.split('\0', 1)[0]
}

/** kstrtoint with base 0: decimal, 0x or octal. */
function parseInteger(written: ByteString): number | undefined {
  const match = /^([+-]?)(0x[0-9a-f]{1,8}|0[0-7]{0,11}|[1-9][0-9]{0,9})$/i.exec(written)
  if (match === null) return undefined
  const [, sign, digits] = match
  const isOctal = /^0[0-7]/.test(digits)
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits)
  return sign === '-' ? -value : value
}
