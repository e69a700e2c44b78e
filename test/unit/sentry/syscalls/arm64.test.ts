// Runs the tests of system calls again, as on arm64.

import {expect, test, vi} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'

vi.mock('../../../../src/arch/index.ts', async () => ({
  arch: (await import('../../../../src/arch/arm64/index.ts')).arm64,
}))

import './attributes.test.ts'
import './descriptors.test.ts'
import '../fd/epoll.test.ts'
import './getdents.test.ts'
import './identity.test.ts'
import '../fd/locks.test.ts'
import './mapped-files.test.ts'
import './memfd.test.ts'
import './memory-calls.test.ts'
import './mmap.test.ts'
import './names.test.ts'
import './read-write.test.ts'
import '../fd/readiness.test.ts'

test('the door shows arm64', () => {
  expect(arch.machine).toBe('aarch64')
})
