// The flags of `hv trace`: strace's letters and names, and those of `hv run`.

import {OF_KERNELS, RUN_FLAGS, type RunFlag} from './run-flags.ts'

/** `hv trace` has its own trace; a bare-metal guest makes no system calls. */
const NOT_FOR_TRACE: ReadonlySet<string> = new Set(['trace', 'machine', ...OF_KERNELS])

const OWN_FLAGS: readonly RunFlag[] = [
  {
    name: 'expr',
    short: 'e',
    kind: 'value',
    repeat: true,
    placeholder: 'EXPR',
    summary:
      'filter: [trace=]SET of names, %classes and /regular expressions; signal=SET; status=SET; !SET: all but these',
  },
  {name: 'output', short: 'o', kind: 'value', placeholder: 'FILE', summary: 'write the trace to FILE'},
  {
    name: 'json',
    kind: 'switch',
    summary: 'print a JSON object for each call, signal and exit, one per line',
  },
  {
    name: 'summary-only',
    short: 'c',
    kind: 'switch',
    summary: 'print only a table of calls, errors and times, at the end',
  },
  {name: 'summary', short: 'C', kind: 'switch', summary: 'print the trace, then the table of -c'},
  {
    name: 'summary-wall-clock',
    short: 'w',
    kind: 'switch',
    summary: 'count wall-clock time in the table of -c, with the time that calls slept',
  },
  {name: 'syscall-times', short: 'T', kind: 'switch', summary: 'show how long each call took'},
  {
    name: 'absolute-timestamps',
    short: 't',
    kind: 'switch',
    repeat: true,
    summary: 'show the time of day; -tt: with microseconds; -ttt: as seconds since 1970',
  },
  {
    name: 'relative-timestamps',
    short: 'r',
    kind: 'switch',
    summary: 'show the time since the previous call',
  },
  {
    name: 'string-limit',
    short: 's',
    kind: 'value',
    placeholder: 'N',
    default: '32',
    summary: 'show at most N bytes of a string and N elements of an array',
  },
  {name: 'decode-fds', short: 'y', kind: 'switch', summary: 'show the file behind each descriptor'},
  {name: 'successful-only', short: 'z', kind: 'switch', summary: 'show only calls that succeeded'},
  {name: 'failed-only', short: 'Z', kind: 'switch', summary: 'show only calls that failed'},
  {
    name: 'follow-forks',
    short: 'f',
    kind: 'switch',
    summary:
      'accepted for compatibility with strace: hv always shows every task, with its pid if there are several',
  },
]

export const TRACE_FLAGS: readonly RunFlag[] = [
  ...OWN_FLAGS,
  ...RUN_FLAGS.filter(({name}) => !NOT_FOR_TRACE.has(name)).map(withoutStracesLetter),
]

/** -e, -t and -w are strace's here, and docker's in `hv run`. */
function withoutStracesLetter({short, ...flag}: RunFlag): RunFlag {
  return short === undefined || OWN_FLAGS.some((own) => own.short === short) ? flag : {...flag, short}
}

export function isTraceFlag(name: string): boolean {
  return OWN_FLAGS.some((flag) => flag.name === name)
}
