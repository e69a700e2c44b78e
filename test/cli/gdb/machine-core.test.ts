// hv run --kernel --core: what gdb reads in the core file of a machine that did not switch itself off.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {stepMs} from '../../../ci/budgets.mjs'
import {arch, cache} from '../../../ci/paths.mjs'
import {describeKvm} from '../../helpers/vm.ts'
import {HV} from '../hv.ts'
import {GdbBench} from './gdb.ts'

const kernel = `${cache}/guests/${arch}/bare-kernel-echo.bin`
/** Where its code lies, and how it resets its machine: KVM may stand behind that. */
const {
  pc,
  code,
  look: lookForReset,
  reset,
} = arch === 'arm64'
  ? {pc: '$pc', code: 0x40000000, look: 'x/i $pc-4', reset: 'hvc'}
  : {pc: '$rip', code: 0x1000000, look: 'x/i $rip-1\nx/i $rip', reset: 'out'}
const GIB = 2 ** 30
/** Of 3.5 GiB of memory, on both. */
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
printf "high: %x\\n", *(char*)${END - 4096}
x/x ${END}`)
    expect(said).toMatch(/^\* 1 +.*\b1\b[\s\S]*^ {2}2 +.*\b2\b/m)
    expect(said).toMatch(/^in its code: 1$/m)
    expect(said).toMatch(/^=> 0x.*:\t(?!Cannot)/m)
    expect(said).toMatch(/^high: 0\n.*Cannot access memory/m)
    // What nobody touched are holes.
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
