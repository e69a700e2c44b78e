// From the words of `hv run` to RunOptions.

import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {readRunArgv} from '../../../src/cli/read-run-argv.ts'
import {toRunOptions} from '../../../src/cli/run-request.ts'
import {HvError} from '../../../src/errors.ts'
import {flagsOf} from '../../../src/launch/options/table.ts'

const directory = mkdtempSync(join(tmpdir(), 'hv-request-'))
afterAll(() => rmSync(directory, {recursive: true}))

const request = (argv: string[], caller: NodeJS.ProcessEnv = {}) => toRunOptions(readRunArgv(argv)!, caller)

test('the help of --cpus says what a kernel gets', () => {
  const {summary} = flagsOf('run').find(({name}) => name === 'cpus')!
  expect(summary).toMatch(/default: as many as hv itself may use; with --kernel: 1$/)
})

test('a plain run has the documented defaults and nothing else of the caller’s environment', () => {
  expect(request(['./p', 'a'], {SECRET: 'x', TERM: 'vt100', HOME: '/home/me'})).toEqual({
    program: './p',
    args: ['a'],
    volumes: [],
    env: {PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', TERM: 'vt100'},
    givenEnv: {},
    platform: 'auto',
  })
})

/** Flags that exclude some of the rest. */
const OTHERS = ['no-jail', 'with-libs', 'image', 'entrypoint', 'kernel', 'tty']

test('every flag of the table arrives', () => {
  writeFileSync(join(directory, 'variables'), 'A=0\nB=2\n')
  const values: Record<string, string> = {
    platform: 'kvm',
    machine: 'bare',
    root: directory,
    volume: `${directory}:/v:rw`,
    tmpfs: '/run:size=1M,mode=755',
    env: 'A=1',
    'env-file': join(directory, 'variables'),
    cwd: '/v',
    hostname: 'box-1.example',
    memory: '1M',
    cpus: '3',
    pids: '20',
    'open-files': '30',
    disk: '8K',
    'unpack-limit': '1G',
    'cpu-quota': '150',
    'patch-calls': 'always',
    timeout: '0.5',
    'cpu-timeout': '0.25',
    user: 'me:users',
    'drop-to': '5:6',
    'cgroup-parent': directory,
    trace: join(directory, 'trace'),
    gdb: 'localhost:1234',
    core: join(directory, 'core'),
  }
  const options = request([
    ...flagsOf('run')
      .filter(({name, needsKernel}) => !OTHERS.includes(name) && needsKernel === undefined)
      .map(({name}) => (values[name] ? `--${name}=${values[name]}` : `--${name}`)),
    'prog',
  ])
  expect(options).toMatchObject({
    program: 'prog',
    platform: 'kvm',
    machine: 'bare',
    root: directory,
    volumes: [{host: directory, guest: '/v', writable: true}],
    tmpfs: [{guest: '/run', maxBytes: 2 ** 20, mode: 0o755}],
    readOnly: true,
    env: {A: '1', B: '2'},
    cwd: '/v',
    hostname: 'box-1.example',
    memoryBytes: 2 ** 20,
    cpus: 3,
    maxTasks: 20,
    maxOpenFiles: 30,
    diskBytes: 8192,
    unpackBytes: 2 ** 30,
    cpuQuotaPercent: 150,
    patchCalls: 'always',
    timeoutMs: 500,
    cpuTimeoutMs: 250,
    jail: 'required',
    user: 'me:users',
    dropTo: {uid: 5, gid: 6},
    cgroupParent: directory,
    gdb: {host: 'localhost', port: 1234},
    core: join(directory, 'core'),
    stats: true,
  })
  writeSync(options.trace!.fd, 'line')
  expect(readFileSync(values.trace, 'utf8')).toBe('line')
})

test('with --kernel there are disks and shares, and all words are for the first process', () => {
  const kernel = join(directory, 'vmlinuz')
  writeFileSync(kernel, '')
  const flags = ['--kernel', kernel, '--initrd', kernel, '--append', 'quiet']
  const devices = ['--disk', `${kernel}:ro`, '--disk', kernel, '--share', `${directory}:files`]
  expect(request([...flags, ...devices, '--', 'one', 'two'])).toMatchObject({
    ...{program: kernel, kernel, initrd: kernel, append: 'quiet', args: ['one', 'two']},
    disks: [
      {path: kernel, readOnly: true},
      {path: kernel, readOnly: false},
    ],
    shares: [{path: directory, tag: 'files', writable: false}],
  })
})

test.each(['--initrd=x', '--append=x', '--share=x', '--net=unix:x', '--reboot'])(
  '%s is for a kernel',
  (flag) => {
    expect(() => request([flag.replace(/=x$/, `=${directory}`), 'p'])).toThrow(/is for a (kernel|machine)/)
  },
)

test('--no-jail and --require-jail exclude each other', () => {
  expect(request(['--no-jail', './p']).jail).toBe('none')
  expect(() => request(['--no-jail', '--require-jail', './p'])).toThrow('exclude each other')
})

test.each(['', 'root', '0', '-1', '5:', '5:6:7', '4294967295', '1e3'])('--drop-to=%s is refused', (value) => {
  expect(() => request([`--drop-to=${value}`, './p'])).toThrow(HvError)
})

test('--with-libs is for programs of this host', () => {
  expect(request(['--with-libs', './p']).withLibraries).toBe(true)
})

test('with --image all words are for its entry point, and --env is told apart', () => {
  const words = ['--image', `${directory}:tag`, '--entrypoint', 'sh', '--env', 'A=1', '--', '-c', 'true']
  const image = `${directory}:tag`
  expect(request(words)).toMatchObject({image, entrypoint: 'sh', givenEnv: {A: '1'}, args: ['-c', 'true']})
  expect(request(['--image', directory])).toMatchObject({args: [], program: directory, givenEnv: {}})
})

test.each([
  [['--root', directory, '--image', directory, 'p'], '--root and --image'],
  [['--with-libs', '--root', directory, 'p'], '--root and --with-libs'],
  [['--with-libs', '--image', directory, 'p'], '--image and --with-libs'],
])('%j is refused: each says what the guest sees', (argv, trees) => {
  expect(() => request(argv)).toThrow(`${trees}: each says what the guest sees`)
})

test('--env NAME passes the caller’s value, and nothing when there is none', () => {
  const {env} = request(['--env', 'LANG', '--env', 'NONE', './p'], {LANG: 'C.UTF-8'})
  expect(env.LANG).toBe('C.UTF-8')
  expect(env).not.toHaveProperty('NONE')
})

test('a name without a slash is searched in PATH for an executable file', () => {
  const [first, second] = ['first', 'second'].map((name) => join(directory, name))
  for (const path of [first, second]) mkdirSync(path)
  mkdirSync(join(first, 'tool'))
  writeFileSync(join(second, 'tool'), '')
  chmodSync(join(second, 'tool'), 0o755)
  expect(request(['tool'], {PATH: `${first}:${second}`}).program).toBe(join(second, 'tool'))
})

test('a name that is not in PATH is NOT_FOUND, status 127', () => {
  expect(() => request(['no-such-tool'], {PATH: directory})).toThrow(
    expect.objectContaining({code: 'NOT_FOUND', exitStatus: 127}),
  )
})

test('a name that is not in PATH may be the value of the flag before it', () => {
  const nextStep = (argv: string[]) => {
    try {
      return request(argv, {PATH: directory})
    } catch (error) {
      return (error as HvError).nextStep
    }
  }
  expect(nextStep(['--allow-net', 'a.example:443', 'curl'])).toBe(
    'give its path, or write --allow-net=a.example:443 if it is the value of --allow-net',
  )
  expect(nextStep(['--allow-net=a.example:443', 'curl'])).toBe('give its path, e.g. `./program`')
  expect(nextStep(['--deny-net', '-', 'curl'])).not.toMatch('=')
})

test('with --root the name is left for the guest’s tree', () => {
  expect(request(['--root', directory, 'sh']).program).toBe('sh')
})

test.each([
  [['--root', '/no/such', 'p'], '--root: /no/such does not exist'],
  [['--volume', '/no/such:/v', 'p'], '--volume: /no/such does not exist'],
  [['--entrypoint', 'sh', 'p'], '--entrypoint is for an image'],
  [['--cwd', 'relative', 'p'], '--cwd relative is not absolute'],
  [['--trace=/no/such/file', 'p'], '--trace: /no/such/file cannot be written (ENOENT)'],
])('%j is refused: %s', (argv, message) => {
  expect(() => request(argv)).toThrow(
    expect.objectContaining({
      code: 'BAD_ARGUMENT',
      message,
      exitStatus: 125,
      nextStep: expect.stringMatching(/./),
    }),
  )
})

test('a file of variables that cannot be read, or has no variable in a line, is named', () => {
  const path = join(directory, 'no-variables')
  expect(() => request(['--env-file', path, 'p'])).toThrow(/--env-file: .*no-variables cannot be read/)
  writeFileSync(path, 'A=1\n B C=2\n')
  expect(() => request(['--env-file', path, 'p'])).toThrow(/no-variables, line 2: no variable/)
})
