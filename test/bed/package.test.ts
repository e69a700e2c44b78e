// The package's arm64 half: the tarball of `npm pack`, installed for arm64 and run in an arm64 bed without a compiler.

import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {root} from '../../ci/paths.mjs'

const APP = '/tmp/app'
const HV = `${APP}/node_modules/hvkit/dist/bin/hv.cjs`
const HELLO = '/hv/.cache/guests/arm64/hello'

let bed: Bed

/** Runs a command in the bed, as a user who has installed the package in APP. */
async function inside(argv: string[], options: {cwd?: string; stdin?: Buffer} = {}) {
  const env = {PREBUILDS_ONLY: '1'}
  const {status, stdout, stderr} = await bed.run({argv, cwd: APP, env, ...options})
  return {status, stdout: stdout.toString(), stderr: stderr.toString()}
}

/** A folder with the package as npm installs it for arm64, as a gzipped tar. */
function installForArm64(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'hv-arm64-'))
  try {
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
    const [{filename}] = JSON.parse(execFileSync('npm', pack, {cwd: root, encoding: 'utf8'}))
    const app = join(folder, 'app')
    mkdirSync(app)
    writeFileSync(join(app, 'package.json'), '{"name": "app", "private": true}')
    // The install script belongs to the other architecture, so it runs in the bed.
    const target = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--ignore-scripts']
    const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--silent']
    execFileSync('npm', ['install', ...target, ...quietly, join(folder, filename)], {cwd: app})
    return execFileSync('tar', ['-czf', '-', '.'], {cwd: app, maxBuffer: 64 << 20})
  } finally {
    rmSync(folder, {recursive: true})
  }
}

beforeAll(async () => {
  const app = installForArm64()
  bed = await bootBed('a76')
  await inside(['mkdir', APP], {cwd: '/'})
  expect(await inside(['tar', '-xzf', '-'], {stdin: app})).toMatchObject({status: 0})
})
afterAll(() => bed?.stop())

test('the bed is arm64, and has nothing to compile with', async () => {
  const {stdout} = await inside(['sh', '-c', 'uname -m; command -v c++ g++ cc gcc make python3'])
  expect(stdout).toBe('aarch64\n')
})

test('the install script finds a binary that loads', async () => {
  // `node-gyp-build` runs this before it would compile.
  const buildTest = `${APP}/node_modules/node-gyp-build/build-test.js`
  const cwd = `${APP}/node_modules/hvkit/native`
  expect(await inside(['node', buildTest], {cwd})).toEqual({status: 0, stdout: '', stderr: ''})

  const path = "console.log(require('node-gyp-build').path('node_modules/hvkit/native'))"
  const {stdout} = await inside(['node', '-e', path])
  expect(stdout).toMatch(/\/hvkit\/native\/prebuilds\/linux-arm64\/hv\.glibc\.node\n$/)
})

test('hv check says that the host is usable', async () => {
  const {status, stdout, stderr} = await inside(['node', HV, 'check', '--json'])
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({
    usable: true,
    arch: 'arm64',
    platforms: {kvm: true, ptrace: true},
  })
  expect(status).toBe(0)
})

test('hv run runs a guest', async () => {
  const native = await inside([HELLO])
  expect(native.stdout).not.toBe('')
  expect(await inside(['node', HV, 'run', HELLO])).toEqual(native)
})
