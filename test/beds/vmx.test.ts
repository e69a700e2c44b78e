// The VMX bed: an Intel processor, whose KVM and whose checks of a guest's state differ from SVM's. Bochs is slow.

import {expect, test} from 'vitest'
import {testKernel} from '../bed/kernel.ts'
import {testKernelProgram} from '../bed/kernel-program.ts'
import {describeBed, testHv} from '../bed/matrix.ts'

/** Bochs traps a step in the kernel's first instruction after SYSCALL, which no processor does (XSA-204): Linux warns, hv's shim ends. */
const STEPPING = ['call-sites', 'hostile-flags', 'cached-call-sites', 'padded-call-sites', 'single-step']
/** It does not end in its time there, on Linux either. */
const TOO_SLOW = ['short-timers']

describeBed('vmx', (inside) => {
  test('the bed offers VT-x, nested paging and what the guests of the sentry are kept out with', async () => {
    const {stdout} = await inside(['grep', '-m1', '^flags', '/proc/cpuinfo'])
    for (const flag of ['vmx', 'ept', 'smep']) expect(stdout.split(' ')).toContain(flag)
    const {stdout: report} = await inside(['node', 'dist/bin/hv.cjs', 'check', '--json'])
    expect(JSON.parse(report).machine.mode).toBe('vmx')
  })

  testHv('vmx', inside, ['kvm'], [], [0, 3], [...STEPPING, ...TOO_SLOW])
  testKernel('x86_64', inside)
  testKernelProgram('x86_64', inside)
})
