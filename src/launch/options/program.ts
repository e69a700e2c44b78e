// Options of each program: how it starts, and how long it may run.

import {WITH_CPU_TIME} from './limits.ts'
import {parseDirectory, parseTimeout} from './parse-values.ts'
import {FOR_PROGRAMS, type Rows} from './row.ts'

/** Host timers take no more: 30 years. */
const LONGEST_MS = 1e12

export interface ProgramStart {
  /** Variables in addition to PATH, HOME and TERM, and to the image's; nothing of this process's environment is passed on. */
  env?: Readonly<Record<string, string>>
  /** Guest path, absolute; default `/`, or what the image says. */
  cwd?: string
  /** Milliseconds until the guest is killed. Default: 0, never. */
  timeoutMs?: number
  /**
   * Milliseconds of CPU time, of the program and all its processes, until the guest is killed. The sentry counts it: sleeping and waiting
   * cost nothing, and two processes on two CPUs use it up twice as fast. Default: 0, never.
   */
  cpuTimeoutMs?: number
}

const bounded = (ms: number): number => Math.min(ms, LONGEST_MS)

/** @internal */
export const programRows: Rows<ProgramStart> = {
  env: {
    flag: '-e, --env NAME[=VALUE]',
    summary: "set a variable in the guest, or pass the caller's; may be repeated",
    repeat: true,
    // Its variables and those of files are read together: src/cli/run-request.ts.
    otherFlag: {
      flag: '--env-file FILE',
      summary:
        'set the variables in FILE, a line for each, as --env takes them; lines that begin with # are comments; --env replaces what it says; may be repeated',
      repeat: true,
    },
    schema: ({record, named, text}) =>
      record(named(/^[^=\0]+$/, 'names without = and NUL characters'), text, 'an object of strings'),
  },
  cwd: {
    flag: '-w, --cwd DIR',
    summary: "the guest's working directory; default: /",
    parse: parseDirectory,
    schema: ({guestPath}) => guestPath,
    unfit: FOR_PROGRAMS,
  },
  timeoutMs: {
    flag: '--timeout SECONDS',
    summary: 'stop the guest after SECONDS, e.g. 2.5, with exit status 124; default: 0, never',
    parse: (text) => parseTimeout(text, '--timeout'),
    schema: ({timeLimit}) => timeLimit,
    settle: bounded,
  },
  cpuTimeoutMs: {
    flag: '--cpu-timeout SECONDS',
    summary:
      'stop the guest after SECONDS of CPU time of the program and all its processes, with exit status 124',
    parse: (text) => parseTimeout(text, '--cpu-timeout'),
    schema: ({timeLimit}) => timeLimit,
    settle: bounded,
    unfit: WITH_CPU_TIME,
  },
}
