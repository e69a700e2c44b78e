// hv run --core: what gdb reads in a machine's core file, with a kernel or a bare-metal guest that did not end with status 0.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {stepMs} from '../../../ci/budgets.mjs'
import {arch, cache} from '../../../ci/paths.mjs'
import {bareGuest, describeKvm, describeOn} from '../../helpers/vm.ts'
import {HV} from '../hv.ts'
import {GdbBench} from './gdb.ts'

const kernel = `${cache}/guests/${arch}/bare-kernel-echo.bin`
/** Where a kernel's code lies, and how it resets its machine: KVM may stop after that instruction. */
const {
  pc,
  code,
  look: lookForReset,
  reset,
  vector,
} = arch === 'arm64'
  ? {pc: '$pc', code: 0x40000000, look: 'x/i $pc-4', reset: 'hvc', vector: '$q0.u'}
  : {pc: '$rip', code: 0x1000000, look: 'x/i $rip-1\nx/i $rip', reset: 'out', vector: '$xmm0.uint128'}
const GIB = 2 ** 30
/** The end of 3.5 GiB of memory, on both architectures. */
const END = 4.5 * GIB

describeKvm('hv run --kernel --core', () => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())
  const core = join(bench.directory, 'core')
  const argv = [HV, 'run', '--kernel', kernel, '--core', core]
  const run = (input: string, ...flags: string[]) =>
    spawnSync(process.execPath, [...argv, ...flags], {input, encoding: 'utf8', timeout: stepMs('command')})
  const look = (script: string): string => bench.core(core, script, [])

  test('has CPUs, registers and memory of one whose time was up', () => {
    const {status, stderr} = run('', '--cpus', '2', '--memory', '3584M', '--require-jail', '--timeout', '0.5')
    expect(stderr).toMatch(/^hv: the core of the machine is in .*\nhv: .* was stopped after 0.5 s/)
    expect(status).toBe(124)
    const said = look(`info threads
printf "in its code: %d\\n", ${pc} >= ${code} && ${pc} < ${code} + 0x1000
x/i ${pc}
thread apply 2 print/x ${vector}
printf "high: %x\\n", *(char*)${END - 4096}
x/x ${END}`)
    expect(said).toMatch(/^\* 1 +.*\b1\b[\s\S]*^ {2}2 +.*\b2\b/m)
    expect(said).toMatch(/^in its code: 1$/m)
    expect(said).toMatch(/^=> 0x.*:\t(?!Cannot)/m)
    expect(said).toMatch(/^high: 0\n.*Cannot access memory/m)
    expect(said).toMatch(/^\$\d+ = 0x0$/m)
    // Untouched pages are holes.
    expect(statSync(core).size).toBeGreaterThan(3.5 * GIB)
    expect(statSync(core).blocks * 512).toBeLessThan(4 << 20)
    expect(statSync(core).mode & 0o777).toBe(0o600)
  })

  test('has one that its kernel reset, where it did', () => {
    expect(run('r').status).toBe(1)
    expect(look(lookForReset)).toMatch(new RegExp(`0x\\w+:\t${reset}`))
  })

  test('has one that a signal ended, which is told', async () => {
    const child = spawn(process.execPath, argv)
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([143, null])
    expect(look('info threads')).toMatch(/terminated with signal SIGTERM/)
  })

  test('is left empty by one that switched itself off', () => {
    expect(run('q')).toMatchObject({status: 0, stderr: ''})
    expect(readFileSync(core)).toHaveLength(0)
  })
})

describeKvm('hv run --core of a bare-metal guest', () => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())
  const core = join(bench.directory, 'core')
  const argvOf = (guest: string, ...words: string[]) => [
    HV,
    'run',
    '--core',
    core,
    ...words,
    bareGuest(guest),
  ]
  const run = (guest: string, how: string[], ...words: string[]) =>
    spawnSync(process.execPath, [...argvOf(guest, ...words), ...how], {
      encoding: 'utf8',
      timeout: stepMs('command'),
    })
  const look = (script: string, guest = 'misbehave'): string => bench.core(core, script, [bareGuest(guest)])

  test.each([[['--machine', 'bare', '--require-jail']], [['--require-jail']]])(
    'has one that an access ended: its place, its vectors and its memory; %j',
    (words) => {
      const {status, stderr} = run('misbehave', ['vectors'], ...words)
      expect(stderr).toMatch(/^hv: the core of the machine is in .*\nhv: the guest read 4 bytes .*0xd0000000/)
      expect(status).toBe(125)
      const said = look(`print/x ${vector}\nx/i ${pc}\nx/x _start`)
      expect(said).toMatch(/terminated with signal SIGBUS[\s\S]*#0 .* main \(\)/)
      expect(said).toMatch(/^\$1 = 0xf0e0d0c0b0a09080706050403020100$/m)
      expect(said).toMatch(/^=> 0x.* <main\+\d+>:/m)
      expect(said).toMatch(/^0x.* <_start>:\t0x(?!0+$)/m)
      expect(statSync(core).size).toBeGreaterThan(128 << 20)
      expect(statSync(core).blocks * 512).toBeLessThan(1 << 20)
    },
  )

  test('has one whose time was up', () => {
    expect(run('misbehave', ['spin'], '--timeout', '0.5').status).toBe(124)
    expect(look('backtrace\ninfo registers')).toMatch(/^#0 .* main \(\)[\s\S]*^(rip|pc) .*<main/m)
  })

  test('has one that a signal ended, which is told', async () => {
    const child = spawn(process.execPath, argvOf('echo'))
    child.stdin.write('a')
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([143, null])
    expect(look('backtrace', 'echo')).toMatch(/terminated with signal SIGTERM[\s\S]*(main|get) \(\)/)
  })

  test('has one that ended itself, by its status, but by 0', () => {
    expect(run('hello', ['one', 'two']).status).toBe(2)
    expect(look('backtrace', 'hello')).toMatch(/^#0 .* finish \(\)/m)
    expect(run('hello', [])).toMatchObject({status: 0, stderr: ''})
    expect(readFileSync(core)).toHaveLength(0)
  })
})

describeOn('x86_64', 'hv run --core of a machine that has a triple fault', () => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())

  test.each([
    [[bareGuest('misbehave'), 'fault'], '', 125],
    [['--kernel', kernel], 'x', 1],
  ])('has it as by SIGSEGV: %j', (words, input, status) => {
    const core = join(bench.directory, 'core')
    const argv = [HV, 'run', '--core', core, ...words]
    const ran = spawnSync(process.execPath, argv, {input, timeout: stepMs('command')})
    expect(ran.status).toBe(status)
    expect(bench.core(core, 'info threads', [])).toMatch(/terminated with signal SIGSEGV[\s\S]*^\* 1 /m)
  })
})
