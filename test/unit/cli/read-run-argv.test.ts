// The quick reader of `hv run`'s arguments: where PROGRAM begins, what is refused, and that oclif reads the same.

import {Parser} from '@oclif/core'
import {expect, test} from 'vitest'
import {readRunArgv} from '../../../src/cli/read-run-argv.ts'
import Run from '../../../src/commands/run.ts'
import {flagsOf} from '../../../src/launch/options/table.ts'

const RUN_FLAGS = flagsOf('run')

test('what follows PROGRAM belongs to it, flags and -- too', () => {
  const read = readRunArgv(['--stats', 'ls', '--memory', '1G', '--', '--help'])
  expect(read).toEqual({flags: [['stats', '-']], program: 'ls', args: ['--memory', '1G', '--', '--help']})
})

test('-- ends the flags, so a program may begin with a dash', () => {
  expect(readRunArgv(['--', '-odd', '-x'])).toEqual({flags: [], program: '-odd', args: ['-x']})
})

test('a value may follow in the next word or behind =, and may itself look like a flag', () => {
  const read = readRunArgv(['--env=A=b=c', '--env', '--help', 'p'])
  expect(read?.flags).toEqual([
    ['env', 'A=b=c'],
    ['env', '--help'],
  ])
})

test('--trace takes a file only behind =', () => {
  expect(readRunArgv(['--trace', 'p'])?.flags).toEqual([['trace', '-']])
  expect(readRunArgv(['--trace=out', 'p'])?.flags).toEqual([['trace', 'out']])
})

test('--help before PROGRAM is left to oclif', () => {
  expect(readRunArgv(['--stats', '--help'])).toBeNull()
})

test('-h with a name is a host name, and alone asks for help', () => {
  expect(readRunArgv(['-h', 'box', 'p'])?.flags).toEqual([['hostname', 'box']])
  expect(readRunArgv(['--stats', '-h'])).toBeNull()
})

test('docker’s letters are read, put together too', () => {
  const argv = ['-it', '--rm', '-v', '.:/w:rw', '-eA=1', '-e', 'B', '-w', '/w', '-m', '64m', 'p', '-v']
  const flags = [
    ['interactive', ''],
    ['tty', ''],
    ['rm', ''],
    ['volume', '.:/w:rw'],
    ['env', 'A=1'],
    ['env', 'B'],
    ['cwd', '/w'],
    ['memory', '64m'],
  ]
  expect(readRunArgv(argv)).toEqual({flags, program: 'p', args: ['-v']})
})

test.each([
  ['--workdir', 'unknown flag --workdir (did you mean --cwd?)', /--help/],
  ['--pids-limit=5', 'unknown flag --pids-limit (did you mean --pids?)', /--help/],
  ['-P', 'unknown flag -P', /^give `--publish HOSTPORT:GUESTPORT` for each port$/],
  ['--network=none', 'unknown flag --network', /^leave it out: `--allow-net` lets a guest out/],
  ['--mount', 'unknown flag --mount', /--volume HOST:GUEST/],
  ['--privileged', 'unknown flag --privileged', /--require-jail/],
  ['-d', 'unknown flag -d', /&/],
])('docker’s %s is answered by what hv has', (flag, message, nextStep) => {
  const error = {code: 'BAD_ARGUMENT', message, nextStep: expect.stringMatching(nextStep)}
  expect(() => readRunArgv([flag, 'p'])).toThrow(expect.objectContaining(error))
})

test.each([
  [['--bogus', 'p'], 'unknown flag --bogus'],
  [['--bogus=1', 'p'], 'unknown flag --bogus'],
  [['-x', 'p'], 'unknown flag -x'],
  [['--constructor', 'p'], 'unknown flag --constructor'],
  [['--memory'], 'flag --memory needs a value'],
  [['--memory=', 'p'], 'flag --memory needs a value'],
  [['--stats=1', 'p'], 'flag --stats cannot be 1'],
  [['--memory', '1G', '--memory', '2G', 'p'], 'flag --memory is given twice'],
  [['--platform', 'xen', 'p'], 'flag --platform cannot be xen'],
  [['--stats'], 'no program given'],
  [[], 'no program given'],
  [['--'], 'no program given'],
])('%j is refused: %s', (argv, message) => {
  expect(() => readRunArgv(argv)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT', message}))
})

test('oclif reads every flag of the table as the quick reader does', async () => {
  const flagWords = RUN_FLAGS.flatMap(({name, kind, choices}) => {
    if (kind !== 'value') return [`--${name}`]
    return [`--${name}=${choices?.at(-1) ?? `${name}-value`}`]
  })
  const argv = [...flagWords, '--', 'prog', '--x', 'y']
  const {flags, program, args} = readRunArgv(argv)!
  const oclif = await Parser.parse(argv, {flags: Run.flags, args: Run.args, strict: false})

  const byName = new Map(RUN_FLAGS.map((flag) => [flag.name, flag]))
  const expected = flags.map(([name, value]) => {
    const flag = byName.get(name)!
    return [name, flag.kind !== 'value' ? true : flag.repeat ? [value] : value]
  })
  expect(oclif.flags).toMatchObject(Object.fromEntries(expected))
  expect(flags).toHaveLength(RUN_FLAGS.length)
  expect(oclif.argv).toEqual([program, ...args])
})
