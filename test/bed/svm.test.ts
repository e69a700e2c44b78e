// The SVM bed: standard KVM, as the host may be a PVM host.

import {expect, test} from 'vitest'
import {testGdb} from './gdb.ts'
import {testBzImage, testKernel, testTracedKernel} from './kernel.ts'
import {testKernelProgram} from './kernel-program.ts'
import {describeBed, isAll, testHv} from './matrix.ts'
import {UNABLE} from './svm.ts'
import {KVM_UNITS, testUnits} from './units.ts'

const SILENT = {status: 0, stdout: '', stderr: ''}

describeBed('svm', (inside, forward) => {
  test('the bed offers SVM, nested paging and what the guests of the sentry are kept out with', async () => {
    const {stdout} = await inside(['grep', '-m1', '^flags', '/proc/cpuinfo'])
    for (const flag of ['svm', 'npt', 'smep', 'smap', 'umip']) expect(stdout.split(' ')).toContain(flag)
  })

  test('a guest is not told which processor the host has', async () => {
    const [hv, guest] = ['/hv/dist/bin/hv.cjs', '/hv/.cache/guests/x86_64/processor-name']
    expect(await inside(['node', hv, 'run', '--platform', 'kvm', guest, 'hv virtual CPU'])).toEqual(SILENT)
    const natively = await inside([guest, 'hv virtual CPU'])
    expect(natively.status).toBe(1)
  })

  // The host's own KVM runs all guests.
  testHv('svm', inside, ['kvm'], UNABLE, [0, 12])
  testKernel('x86_64', inside, {tries: 3})
  if (isAll) testBzImage(inside, {tries: 3})
  if (isAll) testTracedKernel('x86_64', inside, {tries: 3})
  testKernelProgram('x86_64', inside, {tries: 3})
  testGdb('x86_64', inside, forward)
  testUnits('x86_64', inside, isAll ? KVM_UNITS : ['vm/', 'machine/bare/flat-file'], ['vm/save/save.test.ts'])
})
