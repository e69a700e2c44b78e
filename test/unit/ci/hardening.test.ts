// ci/hardening.mjs: the built addon passes, and what another library lacks is named.

import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {hasCommand} from '../../../ci/packages.mjs'
import {root} from '../../../ci/paths.mjs'
import {run} from '../../../ci/process.mjs'

const SOURCE = `
  #include <cstring>
  #include <unistd.h>
  extern "C" long napi_register_module_v1(char* to, unsigned long length) {
    char text[64];
    long got = read(0, text, length);
    strcpy(to, text);
    return got;
  }
`
const pads = process.arch === 'arm64' ? '-mbranch-protection' : '-fcf-protection'
const allPads = process.arch === 'arm64' ? 'standard' : 'full'
const HARDENED = [
  ...['-O2', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', `${pads}=${allPads}`],
  ...['-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack'],
]

const folder = mkdtempSync(join(tmpdir(), 'hv-hardening-'))
afterAll(() => rmSync(folder, {recursive: true}))
const built = join(root, 'native/build/Release/hv.node')
const parts = join(root, 'native/build/Release/obj.target')
const harden = (file: string) => run(process.execPath, [join(root, 'ci/hardening.mjs'), file])

/** A part that does not say what it has. */
const SILENT = '.section .note.GNU-stack, "", %progbits\n'
const armCompiler = process.arch === 'arm64' ? 'c++' : 'aarch64-linux-gnu-g++'

/** @param options after, and so instead of, those that harden */
async function library(...options: string[]): Promise<string> {
  const [source, target] = ['hv.cc', 'hv.so'].map((name) => join(folder, name))
  writeFileSync(source, SOURCE)
  const {status, output} = await run('c++', [
    '-shared',
    '-fPIC',
    ...HARDENED,
    ...options,
    '-o',
    target,
    source,
  ])
  if (status !== 0) throw new Error(output)
  return target
}

test.skipIf(!existsSync(built))('the addon is hardened', async () => {
  expect(await harden(built)).toEqual({status: 0, output: expect.stringContaining('hardened')})
})

test.skipIf(!existsSync(parts))("each of the addon's own parts says that it has landing pads", async () => {
  const files = readdirSync(parts, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.o'))
  expect(files.length).toBeGreaterThan(10)
  for (const name of files)
    expect([name, (await run('readelf', ['--notes', join(parts, name)])).output]).toEqual([
      name,
      expect.stringMatching(/feature: (IBT, SHSTK|BTI)/),
    ])
})

test('a library that is hardened passes', async () => {
  expect(await harden(await library())).toMatchObject({status: 0})
})

test.skipIf(!hasCommand(armCompiler))(
  'one part without pads takes the property from all (only arm64)',
  async () => {
    const [source, silent, target] = ['arm.cc', 'silent.s', 'arm.so'].map((name) => join(folder, name))
    writeFileSync(source, SOURCE)
    writeFileSync(silent, SILENT)
    const words = ['-shared', '-fPIC', ...HARDENED.filter((word) => !word.startsWith(pads))]
    for (const [parts, outcome] of [
      [[source], 'hardened'],
      [[source, silent], 'does not say'],
    ] as const) {
      const built = await run(armCompiler, [...words, '-mbranch-protection=standard', '-o', target, ...parts])
      expect(built).toMatchObject({status: 0})
      expect((await harden(target)).output).toContain(outcome)
    }
  },
)

test.each([
  ['-Wl,-z,norelro', 'has no GNU_RELRO'],
  ['-Wl,-z,lazy', 'binds late'],
  ['-Wl,-z,execstack', 'may execute its stack'],
  ['-fno-stack-protector', 'does not watch its stack'],
  ['-U_FORTIFY_SOURCE', 'does not check sizes'],
  [`${pads}=none`, 'has no landing pads'],
  [`-Wl,-rpath,${root}`, `names ${root}`],
])('with %s, it %s', async (option, what) => {
  const {status, output} = await harden(await library(option))
  expect(output).toContain(`hv.so: ${what}`)
  expect(output).not.toContain(';')
  expect(status).toBe(1)
})
