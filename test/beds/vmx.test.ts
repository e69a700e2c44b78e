// The VMX bed: an Intel processor, whose KVM and whose checks of a guest's state differ from SVM's. Bochs is slow.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {root} from '../../ci/paths.mjs'
import {testKernel} from '../bed/kernel.ts'
import {testKernelProgram} from '../bed/kernel-program.ts'
import {describeBed, testHv} from '../bed/matrix.ts'

/** Bochs traps a step in the kernel's first instruction after SYSCALL, which no processor does (XSA-204): Linux warns, hv's shim ends. */
const STEPPING = ['call-sites', 'hostile-flags', 'cached-call-sites', 'padded-call-sites', 'single-step']
/** It does not end in its time there, on Linux either. */
const TOO_SLOW = ['short-timers']
const [, nested] = /```ts\n(\/\/ x86_64 only, with VMX\n.*?)```/s.exec(
  readFileSync(`${root}/docs/course.md`, 'utf8'),
)!
/** The course's VMX guest; Node there does not know `using`. */
const NESTED = `import {startLongMode, Vm} from './dist/index.js'
${nested.replace(/^using /gm, 'const ')}`

describeBed('vmx', (inside) => {
  test('the bed offers VT-x, nested paging and what the guests of the sentry are kept out with', async () => {
    const {stdout} = await inside(['grep', '-m1', '^flags', '/proc/cpuinfo'])
    for (const flag of ['vmx', 'ept', 'smep']) expect(stdout.split(' ')).toContain(flag)
    const {stdout: report} = await inside(['node', 'dist/bin/hv.cjs', 'check', '--json'])
    expect(JSON.parse(report).machine.mode).toBe('vmx')
  })

  test("the course's guest runs a guest of its own by VMX", async () => {
    const argv = ['node', '--input-type=module-typescript', '-e', NESTED]
    const outcome = await inside(argv, {timeoutMs: stepMs('bedProgram')})
    expect(outcome).toEqual({status: 0, stdout: '12\n42\n', stderr: ''})
  })

  testHv('vmx', inside, ['kvm'], [], [0, 3], [...STEPPING, ...TOO_SLOW])
  testKernel('x86_64', inside)
  testKernelProgram('x86_64', inside)
})
