// The package as npm ships it: what is in the tarball, and that it runs without a compiler.

import {accessSync, constants, existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'
import {type Installation, install, type Outcome, run} from './installation.ts'

const LARGEST_TARBALL_BYTES = 2 << 20
/** The prebuilt binaries, with their e_machine (ELF gABI, "ELF header"). */
const BINARIES = {
  'native/prebuilds/linux-x64/hv.glibc.node': 62,
  'native/prebuilds/linux-arm64/hv.glibc.node': 183,
}
const E_MACHINE_OFFSET = 18

let installation: Installation
const hasKvm = canOpen('/dev/kvm')

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

const hv = (...args: string[]): Promise<Outcome> => {
  const {bin, home, env} = installation
  return run(join(bin, 'npx'), ['hv', ...args], {cwd: home, env})
}

beforeAll(async () => {
  installation = await install()
})
afterAll(() => installation[Symbol.dispose]())

test('the tarball holds the prebuilt binaries, the code, the manifest and the sources of the addon', () => {
  const paths = installation.tarball.files.map(({path}) => path)
  const wanted = [
    'dist/bin/hv.cjs',
    'dist/index.cjs',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/process.cjs',
    'dist/worker.cjs',
    ...Object.keys(BINARIES),
  ]
  wanted.push(
    'native/binding.gyp',
    'native/addon.cc',
    'oclif.manifest.json',
    'src/gdb/linux.py',
    'package.json',
    'README.md',
    'LICENSE',
  )
  expect(paths).toEqual(expect.arrayContaining(wanted))
})

test.each(Object.entries(BINARIES))('%s is for its machine', (path, machine) => {
  const elf = readFileSync(join(installation.home, 'node_modules/hvkit', path))
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
  const stray =
    /^(test|ci|src(?!\/gdb\/linux\.py$)|guests|\.)|^native\/build\/|(?<!\.d)\.ts$|\.(o|tgz|squashfs)$/
  expect(installation.tarball.files.filter(({path}) => stray.test(path))).toEqual([])
  expect(installation.tarball.size).toBeLessThan(LARGEST_TARBALL_BYTES)
})

test('the install had no compiler and built nothing', () => {
  for (const name of ['c++', 'g++', 'gcc', 'cc', 'make', 'python3'])
    expect(existsSync(join(installation.bin, name))).toBe(false)
  expect(existsSync(join(installation.home, 'node_modules/hvkit/native/build'))).toBe(false)
})

test('hv --help lists the commands', async () => {
  const {status, stdout} = await hv('--help')
  expect(stdout).toMatch(/\bcheck\b[\s\S]*\brun\b/)
  expect(status).toBe(0)
})

test('hv autocomplete writes what completes its commands', async () => {
  const cache = join(installation.folder, 'cache')
  const made = await run(join(installation.bin, 'npx'), ['hv', 'autocomplete', 'bash'], {
    cwd: installation.home,
    env: {...installation.env, XDG_CACHE_HOME: cache},
  })
  expect(made.status).toBe(0)
  const functions = readFileSync(join(cache, 'hv/autocomplete/functions/bash/hv.bash'), 'utf8')
  expect(functions).toMatch(/'hv run -'.*--root/)
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

test('no message points to a file that the tarball does not hold', () => {
  const paths = installation.tarball.files.map(({path}) => path)
  for (const path of paths.filter((path) => path.endsWith('.cjs'))) {
    // The bundler writes lines that only name a module.
    const text = readFileSync(join(root, path), 'utf8').replace(/^\/\/ .*$/gm, '')
    const named = text.match(/\b(src|ci|test|docs|guests)\/[\w./-]+|[\w./-]*README[\w.]*/g) ?? []
    expect([path, ...named.filter((name) => !paths.includes(name))]).toEqual([path])
  }
})
