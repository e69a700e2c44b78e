// Target descriptions as Debian's gdb takes them, including the other architecture's: registers of a fake target.

import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, onTestFinished, test} from 'vitest'
import {arm64Layout, arm64MachineLayout} from '../../../src/gdb/arm64.ts'
import type {RegisterLayout} from '../../../src/gdb/register-layout.ts'
import {GdbServer} from '../../../src/gdb/server.ts'
import {x86Layout, x86MachineLayout} from '../../../src/gdb/x86-64.ts'
import {FakeTarget} from '../../helpers/gdb.ts'

/** A target that stands still, with registers whose bytes are their numbers in the layout. */
async function ask(layout: RegisterLayout, script: readonly string[]): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'hv-gdb-'))
  onTestFinished(() => rmSync(directory, {recursive: true}))
  const server = await GdbServer.listen({path: join(directory, 'socket')})
  const target = new FakeTarget(layout)
  target.isStill = true
  layout.registers.forEach(({offset, bytes}, number) => {
    target.registers.fill(number, offset, offset + bytes)
  })
  server.serve(target)
  const words = [`target remote ${join(directory, 'socket')}`, ...script].flatMap((line) => ['-ex', line])
  const {stdout, stderr} = await promisify(execFile)('gdb-multiarch', ['-nx', '-batch', ...words])
  await server.close()
  expect(stderr).not.toMatch(/feature|description|XML|register/i)
  return stdout.split('\n').filter((line) => /^(\$|The target arch)/.test(line))
}

const of = (byte: number, bytes: number): string =>
  `0x${byte.toString(16).padStart(2, '0').repeat(bytes)}`.replace('0x0', '0x')

test('arm64’s is aarch64 with vectors and the thread pointer', async () => {
  const lines = await ask(arm64Layout, [
    'set architecture aarch64',
    'show architecture',
    'print/x $x3',
    'print/x $sp',
    'print/x $v1.d.u[0]',
    'print/x $fpcr',
    'print/x $tpidr',
    'print/x $w0',
    'set var $x3 = 0x1234',
    'print/x $x3',
  ])
  expect(lines).toEqual([
    'The target architecture is set to "aarch64".',
    'The target architecture is set to "aarch64".',
    `$1 = ${of(3, 8)}`,
    `$2 = ${of(31, 8)}`,
    `$3 = ${of(35, 8)}`,
    `$4 = ${of(67, 4)}`,
    `$5 = ${of(68, 8)}`,
    '$6 = 0x0',
    '$7 = 0x1234',
  ])
})

test('x86_64’s is i386:x86-64 with x87, SSE, AVX and segment bases', async () => {
  const lines = await ask(x86Layout(true), [
    'set architecture i386:x86-64',
    'print/x $rbx',
    'print/x $cs',
    'print/x $fctrl',
    'print/x $xmm2.v2_int64[1]',
    'print/x $mxcsr',
    'print/x $fs_base',
    'print/x $orig_rax',
    'print/x $ymm1.v4_int64[3]',
  ])
  expect(lines).toEqual([
    'The target architecture is set to "i386:x86-64".',
    `$1 = ${of(1, 8)}`,
    `$2 = ${of(18, 4)}`,
    `$3 = ${of(32, 4)}`,
    `$4 = ${of(42, 8)}`,
    `$5 = ${of(56, 4)}`,
    `$6 = ${of(58, 8)}`,
    `$7 = ${of(57, 8)}`,
    `$8 = ${of(61, 8)}`,
  ])
})

test('a machine’s have what its kernel sees besides', async () => {
  const arm64 = ['set architecture aarch64', 'print/x $tpidr', 'print/x $sctlr_el1', 'print/x $sp_el0']
  expect((await ask(arm64MachineLayout, arm64)).slice(1)).toEqual([
    `$1 = ${of(68, 8)}`,
    `$2 = ${of(69, 8)}`,
    `$3 = ${of(79, 8)}`,
  ])
  const x86 = [
    'set architecture i386:x86-64',
    'print/x $gs_base',
    'print/x $ymm1.v4_int64[3]',
    'print/x $efer',
  ]
  expect((await ask(x86MachineLayout(true), x86)).slice(1)).toEqual([
    `$1 = ${of(58, 8)}`,
    `$2 = ${of(60, 8)}`,
    `$3 = ${of(80, 8)}`,
  ])
})
