// Private memory of guests: the bed sw-protected, whose kernel has software-protected VMs.

import {beforeAll, expect, test} from 'vitest'
import {bedKernel} from '../../ci/bed/kernel.mjs'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed} from '../bed/matrix.ts'
import {testUnits} from '../bed/units.ts'

beforeAll(() => bedKernel('sw-protected-x86_64'), stepMs('bedKernelBuild'))

describeBed('sw-protected', (inside) => {
  test('the bed has software-protected VMs, and hv check says so', async () => {
    const {stdout} = await inside(['node', 'dist/bin/hv.cjs', 'check', '--json'])
    const {findings} = JSON.parse(stdout)
    const {detail} = findings.find(({id}: {id: string}) => id === 'vm-features')
    expect(detail).toMatch(/this host has: [^.]*private memory/)
  })

  testUnits('x86_64', inside, ['vm/private-memory', 'vm/x86_64/private-memory', 'vm/said-features'])
})
