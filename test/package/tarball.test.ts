// The package as npm ships it: what is in the tarball, and that it runs where there is no compiler.

import {execFile} from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'

const LARGEST_TARBALL_BYTES = 2 << 20
/** All that an install may call: with these alone in PATH nothing can be compiled. */
const PROGRAMS = ['node', 'npm', 'npx', 'sh', 'env']

interface Outcome {
  status: number
  stdout: string
  stderr: string
}

/** The prebuilt binaries, with their e_machine (ELF gABI, "ELF header"). */
const BINARIES = {
  'native/prebuilds/linux-x64/hv.glibc.node': 62,
  'native/prebuilds/linux-arm64/hv.glibc.node': 183,
}
const E_MACHINE_OFFSET = 18

const folder = mkdtempSync(join(tmpdir(), 'hv-package-'))
const bin = join(folder, 'bin')
const home = join(folder, 'empty')
const env = {...process.env, PATH: bin, PREBUILDS_ONLY: '1', NO_COLOR: '1'}
const hasKvm = canOpen('/dev/kvm')
let tarball = {filename: '', size: 0, files: [] as {path: string}[]}

function run(program: string, args: string[], options: object): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, {maxBuffer: 64 << 20, ...options}, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 255) : 0
      resolve({status, stdout: String(stdout), stderr: String(stderr)})
    })
  })
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

const hv = (...args: string[]): Promise<Outcome> => run(join(bin, 'npx'), ['hv', ...args], {cwd: home, env})

beforeAll(async () => {
  mkdirSync(bin)
  mkdirSync(home)
  for (const name of PROGRAMS) {
    const {stdout} = await run('sh', ['-c', `command -v ${name}`], {})
    symlinkSync(realpathSync(stdout.trim()), join(bin, name))
  }

  // What prepack builds was built by the stages before this one, in place.
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  })
  if (packed.status !== 0) throw new Error(packed.stderr)
  tarball = JSON.parse(packed.stdout)[0]

  writeFileSync(join(home, 'package.json'), '{"name": "empty", "private": true}')
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball.filename)]
  const installed = await run(join(bin, 'npm'), args, {cwd: home, env})
  if (installed.status !== 0) throw new Error(installed.stdout + installed.stderr)
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))

test('the tarball holds the prebuilt binaries, the code, the manifest and the sources of the addon', () => {
  const paths = tarball.files.map(({path}) => path)
  const wanted = [
    'dist/bin/hv.cjs',
    'dist/index.cjs',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/worker.cjs',
    ...Object.keys(BINARIES),
  ]
  wanted.push(
    'native/binding.gyp',
    'native/addon.cc',
    'oclif.manifest.json',
    'package.json',
    'README.md',
    'LICENSE',
  )
  expect(paths).toEqual(expect.arrayContaining(wanted))
})

test.each(Object.entries(BINARIES))('%s is for its machine', (path, machine) => {
  const elf = readFileSync(join(home, 'node_modules/hvkit', path))
  expect(elf.readUInt16LE(E_MACHINE_OFFSET)).toBe(machine)
})

test('the prebuilt binaries need no newer libc than they should', async () => {
  const binaries = Object.keys(BINARIES)
  const {status, stdout, stderr} = await run('node', ['ci/glibc-floor.mjs', ...binaries], {cwd: root})
  expect(stderr).toBe('')
  for (const path of binaries)
    expect(stdout).toMatch(new RegExp(`^${path}: GLIBC_.*; needs libc\\.so\\.6`, 'm'))
  expect(status).toBe(0)
})

test('the tarball holds no tests, caches, build folders or sources in TypeScript', () => {
  const stray = /^(test|ci|src|guests|\.)|^native\/build\/|(?<!\.d)\.ts$|\.(o|tgz|squashfs)$/
  expect(tarball.files.filter(({path}) => stray.test(path))).toEqual([])
  expect(tarball.size).toBeLessThan(LARGEST_TARBALL_BYTES)
})

test('the install had no compiler and built nothing', () => {
  for (const name of ['c++', 'g++', 'gcc', 'cc', 'make', 'python3'])
    expect(existsSync(join(bin, name))).toBe(false)
  expect(existsSync(join(home, 'node_modules/hvkit/native/build'))).toBe(false)
})

test('hv --help lists the commands', async () => {
  const {status, stdout} = await hv('--help')
  expect(stdout).toMatch(/\bcheck\b[\s\S]*\brun\b/)
  expect(status).toBe(0)
})

test('hv autocomplete writes what completes its commands', async () => {
  const cache = join(folder, 'cache')
  const made = await run(join(bin, 'npx'), ['hv', 'autocomplete', 'bash'], {
    cwd: home,
    env: {...env, XDG_CACHE_HOME: cache},
  })
  expect(made.status).toBe(0)
  const functions = readFileSync(join(cache, 'hv/autocomplete/functions/bash/hv.bash'), 'utf8')
  expect(functions).toMatch(/^run .*--root/m)
})

test('hv check says what the host can do', async () => {
  const {status, stdout, stderr} = await hv('check', '--json')
  expect(stderr).toBe('')
  const {usable, platforms} = JSON.parse(stdout)
  expect(platforms.kvm).toBe(hasKvm)
  expect(status).toBe(usable ? 0 : 1)
})

test.skipIf(!hasKvm)('hv run runs a guest', async () => {
  const native = await run(join(guests, 'hello'), [], {})
  expect(native.stdout).not.toBe('')
  expect(await hv('run', join(guests, 'hello'))).toEqual(native)
})

test('the library can be imported', async () => {
  const script = "import('hvkit').then((hvkit) => console.log(Object.keys(hvkit).sort().join()))"
  const {status, stdout, stderr} = await run(join(bin, 'node'), ['-e', script], {cwd: home, env})
  expect(stderr).toBe('')
  for (const name of ['Sandbox', 'Vm', 'checkHost']) expect(stdout.trim().split(',')).toContain(name)
  expect(status).toBe(0)
})
