// ci/glibc-floor.mjs: what it passes and what it refuses.

import {spawnSync} from 'node:child_process'
import {copyFileSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'

const folder = mkdtempSync(join(tmpdir(), 'hv-floor-'))
afterAll(() => rmSync(folder, {recursive: true}))

function compile(name: string, compiler: string, source: string): string {
  const file = join(folder, name)
  const args = ['-shared', '-fPIC', '-x', compiler.includes('g++') ? 'c++' : 'c', '-', '-o', file]
  const {status, stderr} = spawnSync(compiler, args, {input: source, encoding: 'utf8'})
  if (status !== 0) throw new Error(stderr)
  return file
}

function floor(file: string) {
  const {status, stdout, stderr} = spawnSync('node', ['ci/glibc-floor.mjs', file], {
    cwd: root,
    encoding: 'utf8',
  })
  return {status, output: stdout + stderr}
}

test.each(['linux-x64', 'linux-arm64'])('the binary of %s needs no glibc above 2.28', (target) => {
  const {status, output} = floor(`${root}/native/prebuilds/${target}/hv.glibc.node`)
  expect(output).toMatch(/: GLIBC_\S+( GLIBC_\S+)*; needs libc\.so\.6/)
  expect(status).toBe(0)
})

test('a function of a newer glibc is refused, by its name and version', () => {
  // arc4random(3): glibc 2.36.
  const file = compile(
    'new.node',
    'gcc',
    'unsigned arc4random(void); unsigned f(void) { return arc4random(); }',
  )
  expect(floor(file)).toEqual({status: 1, output: expect.stringContaining('needs arc4random (GLIBC_2.36)')})
})

test('a C++ run-time library is refused', () => {
  const file = compile('c++.node', 'g++', 'int* f() { return new int; }')
  expect(floor(file)).toEqual({
    status: 1,
    output: expect.stringMatching(/needs libstdc\+\+\.so\.6.*statically/),
  })
})

test('a binary for another libc than its name says is refused', () => {
  const glibc = compile('hv.musl.node', 'gcc', 'int puts(const char*); int f(void) { return puts(""); }')
  expect(floor(glibc)).toMatchObject({status: 1})

  const musl = compile('hv.glibc.node', 'musl-gcc', 'int puts(const char*); int f(void) { return puts(""); }')
  expect(floor(musl)).toMatchObject({status: 1})
  copyFileSync(musl, glibc)
  expect(floor(glibc)).toMatchObject({status: 0})
})
