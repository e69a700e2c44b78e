// ci/glibc-floor.mjs: what it accepts, and what it names when it refuses.

import {copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {hasCommand} from '../../../ci/packages.mjs'
import {root} from '../../../ci/paths.mjs'
import {run} from '../../../ci/process.mjs'

const folder = mkdtempSync(join(tmpdir(), 'hv-floor-'))
const floor = (file: string) => run(process.execPath, [`${root}/ci/glibc-floor.mjs`, file])

async function library(name: string, source: string, ...options: string[]): Promise<string> {
  const target = join(folder, `${name}.so`)
  writeFileSync(join(folder, `${name}.cc`), source)
  const {status, output} = await run('c++', [
    '-shared',
    '-fPIC',
    ...options,
    '-o',
    target,
    join(folder, `${name}.cc`),
  ])
  if (status !== 0) throw new Error(output)
  return target
}

const built = `${root}/native/build/Release/hv.node`

beforeAll(() => writeFileSync(join(folder, 'text'), 'no ELF\n'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

test.skipIf(!existsSync(built))('the addon passes', async () => {
  const {status, output} = await floor(built)
  expect(output).toContain('GLIBC_2.')
  expect(status).toBe(0)
})

test('a symbol of a newer glibc is named with its version', async () => {
  const file = await library(
    'newer',
    '#include <stdlib.h>\nextern "C" unsigned hv() { return arc4random(); }\n',
  )
  const {status, output} = await floor(file)
  expect(output).toContain('arc4random (GLIBC_2.36)')
  expect(status).toBe(1)
})

test('a C++ run-time library is named', async () => {
  const source =
    '#include <cstdlib>\n#include <string>\nextern "C" void hv(std::string& s) { s += getenv("HOME"); }\n'
  const {status, output} = await floor(await library('dynamic', source))
  expect(output).toMatch(/libstdc\+\+\.so\.6.*statically/)
  expect(status).toBe(1)
})

const PUTS = 'extern "C" int puts(const char*);\nint hv() { return puts(""); }\n'

test('a binary for glibc is refused under the name of one for musl', async () => {
  const misnamed = join(folder, 'hv.musl.node')
  copyFileSync(await library('glibc', PUTS, '-nodefaultlibs', '-Wl,--no-as-needed', '-lc'), misnamed)
  expect(await floor(misnamed)).toEqual({
    status: 1,
    output: expect.stringContaining('is not for the libc of its name'),
  })
})

test.skipIf(!hasCommand('musl-gcc'))('a binary for musl passes, and only under its name', async () => {
  const source = join(folder, 'musl.c')
  writeFileSync(source, 'int puts(const char*);\nint hv(void) { return puts(""); }\n')
  const [named, misnamed] = ['musl', 'glibc'].map((libc) => join(folder, `right.${libc}.node`))
  await run('musl-gcc', ['-shared', '-fPIC', source, '-o', named])
  copyFileSync(named, misnamed)
  expect(await floor(named)).toEqual({status: 0, output: expect.stringContaining('needs libc.so')})
  expect(await floor(misnamed)).toMatchObject({status: 1})
})

test.skipIf(!hasCommand('musl-gcc'))(
  'a symbol that musl has since 1.2.5 is named, unless the binary has it',
  async () => {
    const source = join(folder, 'new.c')
    const file = join(folder, 'new.musl.node')
    writeFileSync(source, '#include <sys/uio.h>\nlong hv(void) { return pwritev2(0, 0, 0, -1, 0); }\n')
    const words = ['-D_GNU_SOURCE', '-shared', '-fPIC', '-o', file, source]
    await run('musl-gcc', words)
    expect(await floor(file)).toEqual({
      status: 1,
      output: expect.stringContaining('needs pwritev2 of musl 1.2.5'),
    })

    const own = ['-x', 'c++', join(root, 'native/sys/glibc_floor.cc')]
    expect(await run('musl-gcc', [...words, ...own])).toMatchObject({status: 0})
    expect(await floor(file)).toMatchObject({status: 0})
  },
)

test('what is no ELF file is refused by name', async () => {
  const {status, output} = await floor(join(folder, 'text'))
  expect(output).toContain('text: no 64-bit little-endian ELF')
  expect(status).toBe(1)
})
