// Runs the tests of signals again, as on arm64.

import {expect, test, vi} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'

vi.mock('../../../../src/arch/index.ts', async () => ({
  arch: (await import('../../../../src/arch/arm64/index.ts')).arm64,
}))

import './deliver.test.ts'
import './interrupt.test.ts'

test('the door shows arm64', () => {
  expect(arch.machine).toBe('aarch64')
})
