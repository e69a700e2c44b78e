// hv's own code and caches in a writable volume: a guest reads them, and changes nothing; of what lies beside them, all.

import {execFileSync, spawnSync} from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {hasCommand} from '../../ci/packages.mjs'
import {platforms} from '../guests/run.ts'
import {Project} from '../helpers/project.ts'
import {BUSYBOX} from '../sandbox/guests.ts'

const NOBODY = 65_534
const USERS = [
  ['root', 0, []],
  ['an ordinary user', NOBODY, ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']],
] as const

/** Attempts of change-files.c. */
const POSSIBLE = [
  ...[
    'write',
    'append',
    'empty',
    'truncate',
    'call writable',
    'chmod',
    'chown',
    'set times',
    'link',
    'exchange',
  ],
  ...[
    'create',
    'create in',
    'make a folder in',
    'make a fifo in',
    'make a socket in',
    'make a symbolic link in',
  ],
]

/** Commands of hv, and a program that uses the library. */
const STARTS: [string, string[]][] = [
  ['hv run', ['hv', 'run', BUSYBOX, 'true']],
  ['hv --help', ['hv', '--help']],
  ['hv check', ['hv', 'check']],
  ['hv autocomplete', ['hv', 'autocomplete', 'bash']],
  [
    'Sandbox.create',
    ['node', '--input-type=module', '--eval', `(await (await import('hvkit')).Sandbox.create()).dispose()`],
  ],
]

/** Other attempts only take away another name. */
const CHANGES = /^(write|read|append|empty|truncate|call|ch|set|create|make|move to|link in)/

const changesIn = (stdout: string): string[] => stdout.split('\n').filter((line) => CHANGES.test(line))

describe.each(USERS)("hv's own files, as %s", (_, uid, through) => {
  let project: Project
  beforeAll(() => {
    project = new Project(uid)
  })
  afterAll(() => project[Symbol.dispose]())

  function run(args: string[], env: Record<string, string> = {}, before: string[] = []) {
    const [command, ...rest] = [...before, ...through, project.hv, 'run', ...args]
    const {status, stdout, stderr} = spawnSync(command, rest, {
      encoding: 'utf8',
      cwd: project.folder,
      env: {PATH: process.env.PATH, HOME: project.folder, ...env},
    })
    return {status, stdout, stderr}
  }

  // An ordinary user may not have KVM.
  test.each(uid === 0 ? platforms : ['ptrace'])(
    'are read-only in a volume that has them, on %s',
    (platform) => {
      const before = project.content()
      const volume = ['--platform', platform, '--volume', '.:/w:rw']
      expect(run([...volume, './change-files', ...project.attempts('/w')])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      })
      expect(project.content()).toBe(before)
      expect(
        run([
          ...volume,
          BUSYBOX,
          'sh',
          '-c',
          'cat /w/.cache/hvkit/kept; echo ours > /w/ours; cat /w/ours; rm /w/ours; mkdir /w/.cache/other && rmdir /w/.cache/other',
        ]),
      ).toEqual({
        status: 0,
        stdout: 'keptours\n',
        stderr: '',
      })
    },
  )

  test('are all that a guest cannot change', () => {
    mkdirSync(join(project.folder, 'scratch/directory'))
    writeFileSync(join(project.folder, 'scratch/target'), '')
    for (const name of ['directory', 'target']) chownSync(join(project.folder, 'scratch', name), uid, uid)
    const words = [
      ...['/w/scratch', 'file', '/w/scratch/target', 'directory', '/w/scratch/directory'],
      ...['missing', '/w/scratch/none'],
    ]
    const {stdout} = run(['--volume', '.:/w:rw', './change-files', ...words])
    for (const attempt of POSSIBLE) expect(stdout).toContain(`${attempt} /w/scratch`)
    rmSync(join(project.folder, 'scratch'), {recursive: true})
    mkdirSync(join(project.folder, 'scratch'))
    chownSync(join(project.folder, 'scratch'), uid, uid)
  })

  test('are no volume of their own', () => {
    for (const path of [
      'node_modules/node-gyp-build',
      'node_modules/@oclif/core/lib',
      'node_modules/hvkit/dist',
      'node_modules/hvkit/package.json',
      '.cache/hvkit',
    ]) {
      const {status, stderr} = run(['--volume', `${path}:/w:rw`, BUSYBOX, 'true'])
      expect([path, status]).toEqual([path, 125])
      expect(stderr).toMatch(
        /^hv: .* is code that hv itself runs on: let the guest only read it, or write in a copy\n$/,
      )
      expect(run(['--volume', `${path}:/w`, BUSYBOX, 'true']).status).toBe(0)
    }
  })

  test('are so in a volume of node_modules alone', () => {
    const words = project
      .attempts('/w')
      .map((word) => word.replace('/w/node_modules', '/w/m'))
      .filter((word, index, all) => ![word, all[index + 1]].includes('/w/m'))
    const volumes = ['--volume', 'node_modules:/w/m:rw', '--volume', '.cache:/w/.cache:rw']
    const before = project.content()
    const {stdout} = run([...volumes, './change-files', ...words])
    expect([changesIn(stdout), project.content()]).toEqual([[], before])
  })

  test('are so under the other names that links give them', () => {
    mkdirSync(join(project.folder, 'store/scratch'), {recursive: true})
    linkSync(join(project.package, 'dist/process.cjs'), join(project.folder, 'store/hard'))
    const words = ['/w/scratch', 'file', '/w/hard']
    const {status, stdout} = run([
      '--volume',
      'store:/w:rw',
      '--volume',
      'scratch:/w/scratch:rw',
      './change-files',
      ...words,
    ])
    expect([status, changesIn(stdout)]).toEqual([0, []])
    rmSync(join(project.folder, 'store'), {recursive: true})
  })

  test('stay where a link leads to them', () => {
    renameSync(join(project.folder, '.cache'), join(project.folder, 'elsewhere'))
    symlinkSync('elsewhere', join(project.folder, '.cache'))
    const words = ['/w/scratch', 'way', '/w/.cache', 'way', '/w/elsewhere', 'directory', '/w/elsewhere/hvkit']
    expect(run(['--volume', '.:/w:rw', './change-files', ...words])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    })
    rmSync(join(project.folder, '.cache'))
    renameSync(join(project.folder, 'elsewhere'), join(project.folder, '.cache'))
  })

  test('are not made by a guest where hv has none yet', () => {
    const none = join(project.folder, 'none')
    const script =
      'mkdir /w/none/.cache || ln -s /tmp /w/none/.cache || mv /w/scratch /w/none/.cache || echo none'
    // Somebody else's, so hv makes none.
    mkdirSync(none)
    chmodSync(none, 0o777)
    chownSync(none, 1, 1)
    const {stdout} = run(['--volume', '.:/w:rw', BUSYBOX, 'sh', '-c', script], {HOME: none})
    expect([stdout, readdirSync(none)]).toEqual(['none\n', []])
    rmSync(none, {recursive: true})
  })

  // Only root mounts.
  const testAsRoot = uid === 0 ? test : () => {}
  testAsRoot('are so where the host has mounted them again', () => {
    for (const name of ['again', 'scratch'])
      mkdirSync(join(project.folder, 'mounted', name), {recursive: true})
    const before = project.content()
    const mounts = `mount --bind node_modules/hvkit/dist/commands mounted/again && exec "$@"`
    const words = ['/w/scratch', 'directory', '/w/again', 'file', '/w/again/run.cjs']
    const {status, stdout} = run(
      // In its jail, hv may see what is mounted there, or what is below.
      ['--no-jail', '--volume', 'mounted:/w:rw', './change-files', ...words],
      {},
      ['unshare', '-m', 'sh', '-c', mounts, 'sh'],
    )
    expect([status, changesIn(stdout)]).toEqual([0, []])
    expect(project.content()).toBe(before)
  })

  test('include the runtime', () => {
    const bin = join(project.folder, 'bin')
    mkdirSync(bin)
    copyFileSync(process.execPath, join(bin, 'node'))
    const env = {PATH: `${bin}:${process.env.PATH}`}
    expect(
      run(
        ['--volume', '.:/w:rw', './change-files', '/w/scratch', 'file', '/w/bin/node', 'way', '/w/bin'],
        env,
      ),
    ).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    })
    expect(existsSync(join(bin, 'node'))).toBe(true)
    rmSync(bin, {recursive: true})
  })

  test.skipIf(!hasCommand('strace')).each(STARTS)(
    'are all that hv looks for, found or not, in a start of `%s`',
    (_, argv) => {
      const env = {PATH: `${project.folder}/bin:${process.env.PATH}`}
      const words = project.lookedFor(argv, [...through], {...env, HOME: project.folder})
      expect(words).toContain('missing')
      const before = project.content()
      const {stderr, stdout} = run(['--volume', '.:/w:rw', './change-files', '/w/scratch', ...words], env)
      expect({stderr, stdout}).toEqual({stderr: '', stdout: ''})
      expect(project.content()).toBe(before)
    },
  )

  test('do not keep a guest from installing another package beside them', () => {
    const before = project.content()
    const npm = realpathSync(execFileSync('which', ['npm'], {encoding: 'utf8'}).trim())
    const {status, stderr} = run([
      ...['--root', '/', '--volume', `${project.folder}:${project.folder}:rw`, '--cwd', project.folder],
      ...['--env', `HOME=${project.folder}/scratch`, '--env', 'PATH=/usr/bin:/bin', process.execPath, npm],
      ...['install', '--offline', '--no-audit', '--no-fund', project.packAnother()],
    ])
    expect({status, stderr}).toEqual({status: 0, stderr: ''})
    const {modules} = project
    expect(readFileSync(join(modules, 'another/index.js'), 'utf8')).toContain('another')
    expect(readdirSync(modules)).toContain('.package-lock.json')
    expect(execFileSync(join(modules, '.bin/another'), {encoding: 'utf8'})).toBe('another\n')
    for (const name of ['another', '.bin/another', '.package-lock.json'])
      rmSync(join(modules, name), {recursive: true})
    expect(project.content()).toBe(before)
  })

  test('leave hv as it was', () => {
    expect(readFileSync(join(project.cache, 'kept'), 'utf8')).toBe('kept')
    expect(run([BUSYBOX, 'echo', 'fine'])).toEqual({status: 0, stdout: 'fine\n', stderr: ''})
  })
})
