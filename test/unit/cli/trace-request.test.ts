// From the words of `hv trace` to RunOptions: strace's letters, combined as getopt(3) takes them, and hv run's flags.

import {Parser} from '@oclif/core'
import {describe, expect, test} from 'vitest'
import {readTraceArgv, TRACE_FLAGS, toTraceOptions} from '../../../src/cli/trace-request.ts'
import Trace from '../../../src/commands/trace.ts'

const PROGRAM = './p'
const options = (...argv: string[]) => toTraceOptions(readTraceArgv([...argv, PROGRAM])!, {})
const traceOf = (...argv: string[]) => options(...argv).trace!

describe('letters', () => {
  test('may be put together, with a value at the end or in the next word', () => {
    const flags = [
      ['follow-forks', ''],
      ['syscall-times', ''],
      ['string-limit', '100'],
    ]
    expect(readTraceArgv(['-fTs', '100', 'p', '-c'])).toEqual({flags, program: 'p', args: ['-c']})
    expect(readTraceArgv(['-fTs100', 'p'])?.flags).toEqual(flags)
    expect(readTraceArgv(['-f', '-T', '--string-limit=100', 'p'])?.flags).toEqual(flags)
  })

  test('of strace come before those of docker, which are hv run’s', () => {
    expect(readTraceArgv(['-v', '.:/w', '-m64m', '-wte', 'close', 'p'])?.flags).toEqual([
      ['volume', '.:/w'],
      ['memory', '64m'],
      ['summary-wall-clock', ''],
      ['absolute-timestamps', ''],
      ['expr', 'close'],
    ])
  })

  test('count where they are repeated', () => {
    expect(traceOf().clock).toBeUndefined()
    expect(traceOf('-t').clock).toBe('seconds')
    expect(traceOf('-tt').clock).toBe('microseconds')
    expect(traceOf('-t', '-tt').clock).toBe('epoch')
  })

  test.each([
    [['-x', 'p'], 'unknown flag -x'],
    [['-Tx', 'p'], 'unknown flag -x'],
    [['-TT', 'p'], 'flag -T is given twice'],
    [['-s'], 'flag -s needs a value'],
    [['--json=1', 'p'], 'flag --json takes no value'],
    [['--trace', 'p'], 'unknown flag --trace'],
    [['--machine', 'bare', 'p'], 'unknown flag --machine'],
    [['-f'], 'no program given'],
  ])('%j is refused: %s', (argv, message) => {
    expect(() => readTraceArgv(argv)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT', message}))
  })
})

describe('options', () => {
  test('without flags are strace’s defaults', () => {
    expect(options()).toMatchObject({
      program: PROGRAM,
      machine: 'linux',
      trace: {fd: 2, isOn: true, isJson: false, showsDurations: false, showsPaths: false, isRelative: false},
    })
    expect(traceOf().summary).toBeUndefined()
  })

  test('are those of hv run, too', () => {
    expect(options('--memory', '1M', '--timeout=2')).toMatchObject({memoryBytes: 1 << 20, timeoutMs: 2000})
  })

  test('-e chooses calls, signals and statuses; the last one counts', () => {
    expect(traceOf('-e', 'open,read', '-e', 'signal=INT', '-e', 'trace=%file')).toMatchObject({
      calls: '%file',
      signals: 'INT',
    })
    expect(traceOf('-e', '!write')).toMatchObject({calls: '!write'})
    expect(traceOf('-z')).toMatchObject({statuses: 'successful'})
    expect(traceOf('-Z')).toMatchObject({statuses: 'failed'})
  })

  test('-c, -C, -w, -T, -r, -y and -s are passed on', () => {
    expect(traceOf('-cw')).toMatchObject({summary: 'only', countsWaiting: true})
    expect(traceOf('-C')).toMatchObject({summary: 'too', countsWaiting: false})
    expect(traceOf('-Trys0')).toMatchObject({
      showsDurations: true,
      isRelative: true,
      showsPaths: true,
      stringLimit: 0,
    })
  })

  test.each([
    [['-e', 'inject=open'], '-e inject=open is not for hv trace'],
    [['-e', 'constructor=1'], '-e constructor=1 is not for hv trace'],
    [['-s', 'many'], 'bad string limit "many"'],
    [['-c', '--json'], '--json has no table of counts'],
    [['-o', '/no/such/folder/x'], '-o: /no/such/folder/x cannot be written (ENOENT)'],
  ])('%j is refused: %s', (argv, message) => {
    expect(() => options(...argv)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT', message}))
  })
})

test('oclif reads every flag of the table as the quick reader does', async () => {
  const words = TRACE_FLAGS.flatMap(({name, short, kind, choices: allowed}) => {
    const value = allowed?.at(-1) ?? '1'
    if (short !== undefined) return kind === 'value' ? [`-${short}`, value] : [`-${short}`]
    return kind === 'value' ? [`--${name}=${value}`] : [`--${name}`]
  })
  const argv = [...words, '--', 'prog', '-x']
  const {flags, program, args} = readTraceArgv(argv)!
  const oclif = await Parser.parse(argv, {flags: Trace.flags, args: Trace.args, strict: false})
  expect(Object.keys(oclif.flags).toSorted()).toEqual(flags.map(([name]) => name).toSorted())
  expect(oclif.argv).toEqual([program, ...args])
})
