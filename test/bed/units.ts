// The unit tests that touch /dev/kvm or trace processes, run again in a bed: standard KVM, as the host may be a PVM host.

import {readdirSync} from 'node:fs'
import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {root} from '../../ci/paths.mjs'
import {type Inside, isAll, type Outcome} from './matrix.ts'

const TIMEOUT_MS = stepMs('bedUnits')
/** HV_UNIT_WORKERS: two files at a time in one process would each count what the other holds. */
const env = {NO_COLOR: '1', HV_TEST_VMS: '100', HV_UNIT_WORKERS: '1'}
/** How the names of files under test/unit begin. */
export const KVM_UNITS: readonly string[] = [
  'vm/',
  'machine/bare/',
  'machine/kernel/linux-machine',
  'machine/kernel/multiboot-guest',
  'machine/kernel/snapshot',
  'machine/virtio/vm-memory',
  'platform/kvm',
]
export const PTRACE_UNITS: readonly string[] = ['platform/']

const unitFiles = readdirSync(`${root}/test/unit`, {recursive: true, encoding: 'utf8'})
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `test/unit/${path}`)

const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--config', 'ci/vitest.config.ts']
/** They take long in a bed, and depend little on the processor: only `npm run test:beds` runs them. */
const SLOW = [
  'machine/kernel/linux-machine.test.ts',
  'machine/kernel/snapshot.test.ts',
  'platform/kvm-reuse.test.ts',
  'platform/kvm-storm.test.ts',
  'platform/page-allocator.test.ts',
  'platform/ptrace-cpus.test.ts',
  'platform/ptrace-fork.test.ts',
  'platform/ptrace-outside.test.ts',
  'platform/ptrace-privileges.test.ts',
  'platform/ptrace-refused.test.ts',
  'vm/ioeventfd.test.ts',
  'vm/lifetime.test.ts',
  'vm/reference.test.ts',
  'vm/save/format.test.ts',
]
/** The fastest start under emulation: a thread, and each module once. The repository is read-only there. */
const options = ['--configLoader', 'runner', '--project', 'unit*', '--pool=threads', '--no-isolate']

/** @param others files that another bed, or this host, runs */
export function testUnits(
  architecture: 'x86_64' | 'arm64',
  inside: Inside,
  units: readonly string[],
  others: readonly string[] = [],
): void {
  if (units.length === 0) return
  test(`test/unit/{${units}} pass in the bed`, async () => {
    const left = filesOf(isAll ? [] : [...SLOW, ...others])
    const other = architecture === 'arm64' ? '/x86_64/' : '/arm64/'
    const files = filesOf(units).filter((file) => !left.includes(file) && !file.includes(other))
    const argv = [...vitest, ...options, '--testTimeout', String(TIMEOUT_MS), ...files]
    const result = await inside(argv, {env, timeoutMs: TIMEOUT_MS})
    expect(result.status, failuresOf(result)).toBe(0)
    expect(result.stdout).toMatch(new RegExp(`Test Files .*\\(${files.length}\\)`))
  })
}

/** Throws when a name is of no file: after a move, the bed would run one test less, and nobody would see it. */
function filesOf(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const files = unitFiles.filter((file) => file.startsWith(`test/unit/${name}`))
    if (files.length === 0) throw new Error(`test/bed/units.ts: no file is named test/unit/${name}`)
    return files
  })
}

/** What vitest says of the tests that failed, without its list of those that passed. */
function failuresOf({stdout, stderr}: Outcome): string {
  const at = stderr.search(/^ *FAIL /m)
  return at < 0 ? stdout + stderr : stderr.slice(at)
}
