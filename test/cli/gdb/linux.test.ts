// linux.py, gdb's commands for Linux kernels, on the core of a program that looks like one.

import {execFileSync} from 'node:child_process'
import {copyFileSync, existsSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {hv} from '../hv.ts'
import {GdbBench, runGdb} from './gdb.ts'

const bench = new GdbBench()
afterAll(() => bench[Symbol.dispose]())

test('hv-symbols, hv-modules and hv-dmesg read what a kernel has, and end where it has no end', async () => {
  const [program, core] = ['linux', 'core'].map((name) => join(bench.directory, name))
  const [source, script] = ['linux.c', '../../../src/gdb/linux.py'].map(
    (name) => new URL(name, import.meta.url).pathname,
  )
  execFileSync('gcc', ['-g', '-static', '-no-pie', '-o', program, source])
  hv(['run', '--core', core, program])
  const module = join(bench.directory, 'a-module.ko')
  copyFileSync(program, module)
  const list = `hv-modules ${bench.directory}`
  const commands = `cd ${bench.directory}\nsource ${script}\nhv-symbols\n${list}\n${list}\nhv-dmesg\ninfo symbol 0x1010`
  const said = await runGdb(bench.directory, commands, [program, core])
  expect(said).toContain('the kernel is 0x0 above its link address\n')
  expect(said.match(/^0x1000 a_module$/gm), said).toHaveLength(2 * 1023)
  expect(said.match(/^0x1000 a_module \/.*\/a-module.ko$/gm), said).toHaveLength(2)
  expect(said).toMatch(/ in section \.text of .*a-module\.ko$/m)
  expect(said).toContain('[    1.500000] one?\n[    1.500000] two.\n[    2.000001] at the start\n')
  expect(said).not.toContain('\x1b')
  expect(existsSync(join(bench.directory, 'injected'))).toBe(false)
})
