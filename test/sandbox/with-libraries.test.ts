// Sandbox's withLibraries: this host's dynamic programs, with their libraries and nothing else from the host.

import {execFileSync, spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, guest, places} from './guests.ts'

let folder: string

/** bin/program needs lib/libanswer.so, which needs lib/deep/libdeep.so. */
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'hv-libraries-')))
  for (const name of ['bin', 'lib', 'lib/deep', 'other']) mkdirSync(join(folder, name))
  const compile = (source: string, output: string, ...flags: string[]) =>
    execFileSync('cc', ['-x', 'c', '-', '-o', output, ...flags], {cwd: folder, input: source})
  const library = (name: string): string[] => ['-shared', '-fPIC', `-Wl,-soname,${name}`]
  compile('int deep(void) { return 40; }', 'lib/deep/libdeep.so', ...library('libdeep.so'))
  const answer = 'int deep(void); int answer(void) { return deep() + 2; }'
  const near = '-Wl,-rpath,$ORIGIN/deep'
  compile(answer, 'lib/libanswer.so', ...library('libanswer.so'), '-x', 'none', 'lib/deep/libdeep.so', near)
  compile('int answer(void) { return 7; }', 'other/libanswer.so', ...library('libanswer.so'))
  const main = 'int answer(void); int main(void) { return answer(); }'
  const origin = '-Wl,-rpath,$ORIGIN/../lib'
  compile(main, 'bin/program', '-x', 'none', 'other/libanswer.so', origin, '-Wl,--enable-new-dtags')
  symlinkSync('bin/program', join(folder, 'name'))
  writeFileSync(join(folder, 'secret'), '')
})
afterAll(() => rmSync(folder, {recursive: true}))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation, withLibraries: true})
  })
  afterAll(() => sandbox.dispose())

  test('a program of this host says what it says on the host', async () => {
    const {stdout, stderr} = await sandbox.run('/usr/bin/git', ['--version'])
    expect([stdout, stderr]).toEqual([execFileSync('git', ['--version'], {encoding: 'utf8'}), ''])
  })

  test('it sees the files that ldd names, and no others', async () => {
    await using own = await Sandbox.create({platform, isolation, withLibraries: true})
    const args = ['/', '-xdev', '-type', 'f', '-not', '-path', '/dev/*']
    const {stdout} = await own.run('/usr/bin/find', args)
    const theirs = execFileSync('ldd', ['/usr/bin/find'], {encoding: 'utf8'}).match(/\/\S+/g) as string[]
    expect(stdout.trim().split('\n').sort()).toEqual(['/usr/bin/find', ...theirs].sort())
  })

  test('what it is shown it cannot change', async () => {
    const {exitCode, stderr} = await sandbox.run('/usr/bin/touch', ['-c', '/usr/bin/touch'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Read-only file system')])
  })

  test('static programs run as well', async () => {
    expect((await sandbox.run(guest('hello'))).exitCode).toBe(0)
  })
})

// With the jail around it.
describe.each(platforms)('on %s, in a process', (platform) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation: 'process', withLibraries: true})
  })
  afterAll(() => sandbox.dispose())

  test('libraries of other folders are not shown', async () => {
    const {exitCode, stderr} = await sandbox.run(join(folder, 'bin/program'))
    expect([exitCode, stderr]).toEqual([127, expect.stringContaining('libanswer.so')])
  })
})

describe.each(platforms)('on %s, in a thread', (platform) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation: 'thread', withLibraries: true})
  })
  afterAll(() => sandbox.dispose())

  test('a thread finds them beside the program, whatever its name', async () => {
    for (const name of ['bin/program', 'name']) {
      expect(await sandbox.run(join(folder, name))).toMatchObject({stderr: '', exitCode: 42})
    }
  })

  test('LD_LIBRARY_PATH goes first', async () => {
    const env = {LD_LIBRARY_PATH: join(folder, 'other')}
    const native = spawnSync(join(folder, 'bin/program'), {env})
    expect((await sandbox.run(join(folder, 'bin/program'), [], {env})).exitCode).toBe(native.status)
    expect(native.status).toBe(7)
  })
})

test('a program that names other files as its libraries does not see them', async () => {
  const compile = (name: string, ...flags: string[]) =>
    execFileSync('cc', ['-x', 'c', '-', '-o', join(folder, name), ...flags], {
      input: 'int answer(void); int main(void) { return answer(); }',
    })
  const text = join(folder, 'secret.txt')
  const program = join(folder, 'secret')
  writeFileSync(text, 'secret')
  execFileSync('cc', ['-x', 'c', '-', '-o', program], {input: 'int main(void) { return 0; }'})
  const library = join(folder, 'liar.so')
  for (const [index, soname] of [text, program, 'bin/program'].entries()) {
    execFileSync('cc', ['-x', 'c', '-', '-o', library, '-shared', `-Wl,-soname,${soname}`], {
      input: 'int answer(void) { return 0; }',
    })
    compile(`liar${index}`, '-x', 'none', library, '-Wl,--no-as-needed')
  }
  compile('liar3', '-x', 'none', library, `-Wl,--dynamic-linker=${text}`)
  compile('liar4', '-x', 'none', library, `-Wl,--dynamic-linker=${program}`)
  // Without a jail, which would not allow reading them.
  await using sandbox = await Sandbox.create({
    isolation: 'thread',
    withLibraries: true,
    volumes: [{host: BUSYBOX, guest: '/busybox'}],
  })
  for (let index = 0; index < 5; index++) {
    const ended = await sandbox.run(join(folder, `liar${index}`)).catch(({code}) => code)
    expect(ended === 'NO_INTERPRETER' || ended.exitCode === 127).toBe(true)
  }
  const {stdout} = await sandbox.run('/usr/bin/find', [folder, '-type', 'f'])
  const seen = stdout
    .trim()
    .split('\n')
    .map((path) => path.slice(folder.length + 1))
  expect(seen.sort()).toEqual(['liar0', 'liar1', 'liar2', 'liar3', 'liar4'])
})

test('without it, the error of a dynamic program names it', async () => {
  await using sandbox = await Sandbox.create()
  await expect(sandbox.run('/bin/ls')).rejects.toMatchObject({
    code: 'NO_INTERPRETER',
    nextStep: expect.stringContaining('`withLibraries`'),
  })
})

test('it is not for a root, which has its own libraries', async () => {
  const options = {root: '/', withLibraries: true}
  await expect(Sandbox.create(options)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
