// The flags of `hv trace`, strace's letters and names with those of `hv run`, and the RunOptions that its words make.

import {badArgument} from '../errors.ts'
import {createFile} from '../launch/options/parse-values.ts'
import type {FlagRow} from '../launch/options/row.ts'
import {type Flag, flagsOf, toFlag} from '../launch/options/table.ts'
import type {RunOptions} from '../launch/options.ts'
import type {TraceClock, TraceFilters, TraceOptions} from '../sentry/trace/options.ts'
import {type RunArgv, readArgv} from './read-run-argv.ts'
import {toRunOptions} from './run-request.ts'

const STDERR = 2
/** Each -t stands for the next one. */
const CLOCKS: readonly TraceClock[] = ['seconds', 'microseconds', 'epoch']
/** strace's words before a set, and what each selects. */
const CHOICES: Readonly<Record<string, keyof TraceFilters>> = {
  trace: 'calls',
  t: 'calls',
  signal: 'signals',
  signals: 'signals',
  s: 'signals',
  status: 'statuses',
}

type TraceRow<Name extends keyof TraceOptions> = FlagRow & {
  option: Name
  parse?: (text: string, before: TraceOptions[Name]) => TraceOptions[Name]
}

/** Of TraceOptions. */
const ROWS: readonly {[Name in keyof TraceOptions]-?: TraceRow<Name>}[keyof TraceOptions][] = [
  {
    flag: '--json',
    summary: 'print a JSON object for each call, signal and exit, one per line',
    option: 'isJson',
  },
  {
    flag: '-c, --summary-only',
    summary: 'print only a table of calls, errors and times, at the end',
    option: 'summary',
    parse: () => 'only',
  },
  {
    flag: '-C, --summary',
    summary: 'print the trace, then the table of -c',
    option: 'summary',
    parse: (_, before) => before ?? 'too',
  },
  {
    flag: '-w, --summary-wall-clock',
    summary: 'count wall-clock time in the table of -c, with the time that calls slept',
    option: 'countsWaiting',
  },
  {flag: '-T, --syscall-times', summary: 'show how long each call took', option: 'showsDurations'},
  {
    flag: '-t, --absolute-timestamps',
    summary: 'show the time of day; -tt: with microseconds; -ttt: as seconds since 1970',
    repeat: true,
    option: 'clock',
    parse: (_, before) => CLOCKS[before === undefined ? 0 : CLOCKS.indexOf(before) + 1] ?? before,
  },
  {
    flag: '-r, --relative-timestamps',
    summary: 'show the time since the previous call',
    option: 'isRelative',
  },
  {
    flag: '-s, --string-limit N',
    summary: 'show at most N bytes of a string and N elements of an array',
    default: '32',
    option: 'stringLimit',
    parse: parseLimit,
  },
  {flag: '-y, --decode-fds', summary: 'show the file behind each descriptor', option: 'showsPaths'},
  {
    flag: '-z, --successful-only',
    summary: 'show only calls that succeeded',
    option: 'statuses',
    parse: () => 'successful',
  },
  {
    flag: '-Z, --failed-only',
    summary: 'show only calls that failed',
    option: 'statuses',
    parse: () => 'failed',
  },
  {
    flag: '-o, --output FILE',
    summary: 'write the trace to FILE',
    option: 'fd',
    parse: (file) => createFile(file, '-o'),
  },
]

const EXPRESSION = toFlag({
  flag: '-e, --expr EXPR',
  repeat: true,
  summary:
    'filter: [trace=]SET of names, %classes and /regular expressions; signal=SET; status=SET; !SET: all but these',
})
const FOLLOW = toFlag({
  flag: '-f, --follow-forks',
  summary:
    'accepted for compatibility with strace: hv always shows every task, with its pid if there are several',
})
const OWN_FLAGS: readonly Flag[] = [EXPRESSION, ...ROWS.map(toFlag), FOLLOW]

export const TRACE_FLAGS: readonly Flag[] = [...OWN_FLAGS, ...flagsOf('trace').map(withoutStracesLetter)]

/** -e, -t and -w are strace's here, and docker's in `hv run`. */
function withoutStracesLetter(flag: Flag): Flag {
  return OWN_FLAGS.some(({short}) => short === flag.short) ? {...flag, short: undefined} : flag
}

/** As readRunArgv. @throws HvError BAD_ARGUMENT */
export function readTraceArgv(argv: readonly string[]): RunArgv | null {
  return readArgv(argv, {name: 'trace', flags: TRACE_FLAGS})
}

/** @throws HvError BAD_ARGUMENT, NOT_FOUND */
export function toTraceOptions({flags, program, args}: RunArgv, caller: NodeJS.ProcessEnv): RunOptions {
  const isOwn = ([given]: [name: string, text: string]): boolean => OWN_FLAGS.some(({name}) => name === given)
  const others = flags.filter((flag) => !isOwn(flag))
  const options = toRunOptions({flags: others, program, args}, caller)
  return {...options, machine: 'linux', trace: traceOf(flags.filter(isOwn))}
}

function traceOf(flags: readonly [name: string, text: string][]): TraceOptions {
  const names = flags.map(([name]) => name)
  if (names.includes('json') && (names.includes('summary') || names.includes('summary-only')))
    throw badArgument('--json has no table of counts', 'leave -c or -C out, or --json')
  const options: TraceOptions = {
    ...{fd: STDERR, isOn: true, isJson: false},
    ...{countsWaiting: false, isRelative: false, showsDurations: false, showsPaths: false},
  }
  const settings = options as unknown as Record<string, unknown>
  for (const [name, text] of flags) if (name === EXPRESSION.name) choose(options, text)
  const set = ({name, option, parse}: Flag): void => {
    for (const [given, text] of flags)
      if (given === name && option !== undefined) settings[option] = parse(text, settings[option])
  }
  // In the order of the rows: the output is made last, because it may fail.
  OWN_FLAGS.forEach(set)
  return options
}

/** `trace=SET`, `signal=SET`, `status=SET`, or SET for calls; a later one replaces an earlier one. */
function choose(filters: TraceFilters, expression: string): void {
  const equals = expression.indexOf('=')
  const word = equals < 0 ? 'trace' : expression.slice(0, equals)
  const choice = Object.hasOwn(CHOICES, word) ? CHOICES[word] : undefined
  if (choice === undefined) {
    throw badArgument(
      `-e ${expression} is not for hv trace`,
      'it takes trace=SET, signal=SET and status=SET; for a variable, write `--env`',
    )
  }
  filters[choice] = expression.slice(equals + 1)
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(limit))
    throw badArgument(`bad string limit ${JSON.stringify(text)}`, 'give a number of bytes')
  return limit
}
