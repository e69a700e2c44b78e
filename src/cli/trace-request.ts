// Turns the words of `hv trace` into RunOptions.

import {HvError} from '../errors.ts'
import type {RunOptions} from '../launch/options.ts'
import type {TraceClock, TraceFilters, TraceOptions} from '../sentry/trace/options.ts'
import {type RunArgv, readArgv} from './read-run-argv.ts'
import {createFile, toRunOptions} from './run-request.ts'
import {isTraceFlag, TRACE_FLAGS} from './trace-flags.ts'

const STDERR = 2
/** Indexed by the number of -t given. */
const CLOCKS: readonly (TraceClock | undefined)[] = [undefined, 'seconds', 'microseconds', 'epoch']
/** strace's words before a set, and what each selects. */
const CHOICES: Readonly<Record<string, keyof TraceFilters>> = {
  trace: 'calls',
  t: 'calls',
  signal: 'signals',
  signals: 'signals',
  s: 'signals',
  status: 'statuses',
}

/** As readRunArgv. @throws HvError BAD_ARGUMENT */
export function readTraceArgv(argv: readonly string[]): RunArgv | null {
  return readArgv(argv, {name: 'trace', flags: TRACE_FLAGS})
}

/** @throws HvError BAD_ARGUMENT, NOT_FOUND */
export function toTraceOptions({flags, program, args}: RunArgv, caller: NodeJS.ProcessEnv): RunOptions {
  const own = flags.filter(([name]) => isTraceFlag(name))
  const others = flags.filter(([name]) => !isTraceFlag(name))
  const options = toRunOptions({flags: others, program, args}, caller)
  return {...options, machine: 'linux', trace: traceOf(own)}
}

function traceOf(flags: readonly [name: string, value: string][]): TraceOptions {
  const given = (name: string): number => flags.filter(([flag]) => flag === name).length
  const textOf = (name: string): string | undefined => flags.find(([flag]) => flag === name)?.[1]
  const countsOnly = given('summary-only') > 0
  const countsToo = given('summary') > 0
  const isJson = given('json') > 0
  if (isJson && (countsOnly || countsToo)) {
    throw bad('--json has no table of counts', 'leave -c or -C out, or --json')
  }
  const filters: TraceFilters = {}
  for (const [name, value] of flags) if (name === 'expr') choose(filters, value)
  if (given('successful-only') > 0) filters.statuses = 'successful'
  if (given('failed-only') > 0) filters.statuses = 'failed'
  const output = textOf('output')
  const limit = textOf('string-limit')
  return {
    ...filters,
    isOn: true,
    isJson,
    summary: countsOnly ? 'only' : countsToo ? 'too' : undefined,
    countsWaiting: given('summary-wall-clock') > 0,
    clock: CLOCKS[Math.min(given('absolute-timestamps'), CLOCKS.length - 1)],
    isRelative: given('relative-timestamps') > 0,
    showsDurations: given('syscall-times') > 0,
    stringLimit: limit === undefined ? undefined : parseLimit(limit),
    showsPaths: given('decode-fds') > 0,
    // Last, because it may fail.
    fd: output === undefined ? STDERR : createFile(output, '-o'),
  }
}

/** `trace=SET`, `signal=SET`, `status=SET`, or SET for calls; a later one replaces an earlier one. */
function choose(filters: TraceFilters, expression: string): void {
  const equals = expression.indexOf('=')
  const word = equals < 0 ? 'trace' : expression.slice(0, equals)
  const choice = Object.hasOwn(CHOICES, word) ? CHOICES[word] : undefined
  if (choice === undefined) {
    throw bad(
      `-e ${expression} is not for hv trace`,
      'it takes trace=SET, signal=SET and status=SET; for a variable, write `--env`',
    )
  }
  filters[choice] = expression.slice(equals + 1)
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(limit))
    throw bad(`bad string limit ${JSON.stringify(text)}`, 'give a number of bytes')
  return limit
}

function bad(message: string, nextStep: string): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep)
}
