// The flags of `hv trace`: strace's letters and names, and those of `hv run`.

import {RUN_FLAGS, type RunFlag} from './run-flags.ts'

/** A trace of its own; a bare-metal guest makes no system calls. */
const NOT_FOR_TRACE: ReadonlySet<string> = new Set(['trace', 'machine'])

const OWN_FLAGS: readonly RunFlag[] = [
  {
    name: 'expr',
    short: 'e',
    kind: 'value',
    repeat: true,
    placeholder: 'EXPR',
    summary:
      'show only some: [trace=]SET of names, %classes, /regular expressions; signal=SET; status=SET; ! in front of SET: all others',
  },
  {name: 'output', short: 'o', kind: 'value', placeholder: 'FILE', summary: 'write the trace to FILE'},
  {
    name: 'json',
    kind: 'switch',
    summary: 'an object for each call, signal and end, one a line',
  },
  {
    name: 'summary-only',
    short: 'c',
    kind: 'switch',
    summary: 'count calls, errors and time, for a table at the end',
  },
  {name: 'summary', short: 'C', kind: 'switch', summary: 'the table, behind the calls'},
  {
    name: 'summary-wall-clock',
    short: 'w',
    kind: 'switch',
    summary: 'count the time that calls slept, too',
  },
  {name: 'syscall-times', short: 'T', kind: 'switch', summary: 'show how long each call took'},
  {
    name: 'absolute-timestamps',
    short: 't',
    kind: 'switch',
    repeat: true,
    summary: 'show the time of day; -tt: with microseconds; -ttt: in seconds since 1970',
  },
  {
    name: 'relative-timestamps',
    short: 'r',
    kind: 'switch',
    summary: 'show the time since the call before',
  },
  {
    name: 'string-limit',
    short: 's',
    kind: 'value',
    placeholder: 'N',
    default: '32',
    summary: 'show N bytes of a string, and N elements of an array',
  },
  {name: 'decode-fds', short: 'y', kind: 'switch', summary: 'show what each descriptor leads to'},
  {name: 'successful-only', short: 'z', kind: 'switch', summary: 'show only calls that succeeded'},
  {name: 'failed-only', short: 'Z', kind: 'switch', summary: 'show only calls that failed'},
  {
    name: 'follow-forks',
    short: 'f',
    kind: 'switch',
    summary: 'as strace has it: hv shows every task anyway, with its pid when there are several',
  },
]

export const TRACE_FLAGS: readonly RunFlag[] = [
  ...OWN_FLAGS,
  ...RUN_FLAGS.filter(({name}) => !NOT_FOR_TRACE.has(name)),
]

export function isTraceFlag(name: string): boolean {
  return OWN_FLAGS.some((flag) => flag.name === name)
}
