// A wrong command line: one line on standard error that names the thing and the next step, status 125 or 127, no stack.

import {expect, test} from 'vitest'
import {hv} from './hv.ts'

test('a working directory that is gone', () => {
  const script = 'd=$(mktemp -d) && cd $d && rmdir $d && exec "$@"'
  const ran = hv(['run', '--volume', '.:/w', 'true'], {}, ['sh', '-c', script, 'sh'])
  expect(ran).toMatchObject({status: 125, stdout: ''})
  expect(ran.stderr).toMatch(/^hv: [^\n]*: the working directory is gone: change to another\n$/)
})

test.each([
  [['nonsense'], 125, 'hv: unknown command nonsense: see `hv --help`'],
  [['check', 'extra'], 125, 'hv: unknown command check extra: see `hv --help`'],
  [['check', '--bogus'], 125, 'hv: unknown flag --bogus: see `hv check --help`'],
  [['help', 'nonsense'], 125, 'hv: unknown command nonsense: see `hv --help`'],
  [
    ['check', '--platform', 'xen'],
    125,
    /^hv: flag --platform cannot be xen: choose one of auto, kvm, ptrace$/,
  ],
  [['check', '--board'], 125, 'hv: flag --board needs a value: see `hv check --help`'],
  [['inspect', 'a', 'b'], 125, /^hv: unexpected argument b: see `hv inspect --help`$/],
  [['autocomplete', 'fish'], 125, /^hv: the argument cannot be fish: choose one of zsh, bash, powershell$/],
  [['pledge'], 125, 'hv: no program given: name one: `hv pledge --suggest PROGRAM [ARG...]`'],
  [['run'], 125, 'hv: no program given: name one: `hv run PROGRAM [ARG...]`'],
  [['run', '--bogus', 'true'], 125, 'hv: unknown flag --bogus: see `hv run --help`'],
  [['run', '--bogus', 'true', '--help'], 125, 'hv: unknown flag --bogus: see `hv run --help`'],
  [['run', '--memory', '512Q', 'true'], 125, /^hv: bad memory size "512Q": give a number with K, M or G/],
  [['run', '--timeout', 'soon', 'true'], 125, /^hv: bad time-out "soon": give seconds/],
  [['run', '--volume', '/etc', 'true'], 125, /^hv: bad volume "\/etc": write HOST:GUEST/],
  [['run', '--volume', '/no/such:/v', 'true'], 125, /^hv: --volume: \/no\/such does not exist/],
  [['run', '--root', '/no/such', 'true'], 125, /^hv: --root: \/no\/such does not exist/],
  [['run', '--platform', 'xen', 'true'], 125, /^hv: flag --platform cannot be xen: choose one of auto, kvm/],
  [['run', 'no-such-program'], 127, /^hv: no-such-program is not in PATH: give its path/],
])('hv %j → %d', (args, status, line) => {
  const ran = hv(args)
  expect(ran).toMatchObject({status, stdout: ''})
  const lines = ran.stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(line)
})

test.each([
  [['inspect'], 'hv: PROGRAM is missing: see `hv inspect --help`'],
  [['boards', 'show'], 'hv: NAME is missing: see `hv boards show --help`'],
  [['run'], 'hv: no program given: name one: `hv run PROGRAM [ARG...]`'],
  [['run', '--stats=xml', 'true'], 'hv: flag --stats cannot be xml: choose one of json'],
])('hv %j names what it lacks', (args, line) => {
  expect(hv(args)).toMatchObject({status: 125, stdout: '', stderr: `${line}\n`})
})
