// The unit tests that touch /dev/kvm, run again in the SVM bed: KVM by the book, where the host may be a PVM host.

import {existsSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {root} from '../../ci/paths.mjs'

const TIMEOUT_MS = 500_000
const folders = ['vm', 'machine', 'platform'].filter((name) => existsSync(`${root}/test/unit/${name}`))

let bed: Bed

beforeAll(async () => {
  bed = await bootBed('svm')
})
afterAll(() => bed?.stop())

test.for(folders)('test/unit/%s passes in the bed', async (folder) => {
  const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--config', 'ci/vitest.config.ts']
  // Threads start faster than processes under emulation; the repository is read-only there.
  const options = ['--configLoader', 'runner', '--project', 'unit', '--pool=threads', '--maxWorkers=1']
  const argv = [...vitest, ...options, '--testTimeout', String(TIMEOUT_MS), `test/unit/${folder}`]
  const result = await bed.run({argv, env: {NO_COLOR: '1', HV_TEST_VMS: '100'}, timeoutMs: TIMEOUT_MS})
  expect(result.status, result.stdout.toString() + result.stderr.toString()).toBe(0)
})

test('there are unit tests of the VM API to run', () => {
  expect(folders).toContain('vm')
})
