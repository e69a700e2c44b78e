// The unit tests that touch /dev/kvm or trace processes, run again in a bed: KVM by the book, where the host may be a PVM host.

import {existsSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'
import type {Inside} from './matrix.ts'

const TIMEOUT_MS = 500_000
export const ALL_UNITS: readonly string[] = ['vm', 'machine', 'platform']

export function testUnits(inside: Inside, folders: readonly string[] = ALL_UNITS): void {
  test.for(folders)('test/unit/%s passes in the bed', async (folder) => {
    expect(existsSync(`${root}/test/unit/${folder}`)).toBe(true)
    const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--config', 'ci/vitest.config.ts']
    // Threads start faster than processes under emulation; the repository is read-only there.
    const options = ['--configLoader', 'runner', '--project', 'unit', '--pool=threads', '--maxWorkers=1']
    const argv = [...vitest, ...options, '--testTimeout', String(TIMEOUT_MS), `test/unit/${folder}`]
    const result = await inside(argv, {env: {NO_COLOR: '1', HV_TEST_VMS: '50'}, timeoutMs: TIMEOUT_MS})
    expect(result.status, result.stdout + result.stderr).toBe(0)
  })
}
