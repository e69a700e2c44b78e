// Runs the tests of traces again, as on arm64.

import {expect, test, vi} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {TracedTask} from './traced-task.ts'

vi.mock('../../../../src/arch/index.ts', async () => ({
  arch: (await import('../../../../src/arch/arm64/index.ts')).arm64,
}))

import './decode-arguments.test.ts'
import './kinds.test.ts'
import './lines.test.ts'

test('flags are named as arm64 numbers them', () => {
  const [O_DIRECTORY, O_NOFOLLOW] = [0o40000, 0o100000]
  expect(new TracedTask().line('openat', AT_FDCWD, '/missing', O_DIRECTORY | O_NOFOLLOW)).toBe(
    'openat(AT_FDCWD, "/missing", O_RDONLY|O_NOFOLLOW|O_DIRECTORY) = -1 ENOENT (No such file or directory)',
  )
})
