// The findings about ptrace: what forbids it, what it can do without, and the proof.

import {expect, test} from 'vitest'
import type {Finding} from '../../../src/check/finding.ts'
import {auxv, checkCapture} from './arm64/captured-host.ts'
import {check, type FakeHost, find, REFUSES, refusal, STOPS} from './fake-host.ts'

const YAMA = '/proc/sys/kernel/yama/ptrace_scope'
const MEMFD = '/proc/sys/vm/memfd_noexec'
const NAMESPACES = '/proc/sys/user/max_user_namespaces'
const CLONE = '/proc/sys/kernel/unprivileged_userns_clone'
const APPARMOR = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns'
const DOCKER = {'/.dockerenv': ''}
/** 19 is CAP_SYS_PTRACE, 21 CAP_SYS_ADMIN. */
const status = (seccomp: number, ...capabilities: number[]) => {
  const set = capabilities.reduce((bits, number) => bits | (1n << BigInt(number)), 0n)
  const capEff = set.toString(16).padStart(16, '0')
  return {'/proc/self/status': `Name:\tnode\nCapEff:\t${capEff}\nNoNewPrivs:\t0\nSeccomp:\t${seccomp}\n`}
}

async function findingOf(id: string, fake: FakeHost): Promise<Finding> {
  return find(await check(fake), id)
}

test.each([
  ['absent', {}, 'ok', /not in this kernel/],
  ['0', {[YAMA]: '0\n'}, 'ok', /all own processes/],
  ['1', {[YAMA]: '1\n'}, 'ok', /by its parent/],
  ['2 with the capability', {[YAMA]: '2\n', ...status(0, 19)}, 'ok', /hv has it\.$/],
  ['2 without it', {[YAMA]: '2\n', ...status(0)}, 'fail', /does not have it/],
  ['3', {[YAMA]: '3\n', ...status(0, 19)}, 'fail', /not even by root/],
  ['a later one', {[YAMA]: '4\n'}, 'info', /does not know/],
])('Yama’s scope where nothing can be traced: %s', async (_, files, verdict, detail) => {
  const finding = await findingOf('ptrace-scope', {files: files as FakeHost['files'], proveStop: REFUSES})
  expect(finding).toMatchObject({status: verdict, detail: expect.stringMatching(detail), platform: 'ptrace'})
})

test('scope 2 does not forbid it to who may make user namespaces', async () => {
  const finding = await findingOf('ptrace-scope', {files: {[YAMA]: '2\n', ...status(0)}, proveStop: STOPS})
  expect(finding).toMatchObject({status: 'ok', detail: expect.stringContaining('in the user namespace')})
})

test.each([
  [{[YAMA]: '2\n'}, /`sudo sysctl kernel\.yama\.ptrace_scope=1`/],
  [{[YAMA]: '2\n', ...DOCKER}, /`--cap-add SYS_PTRACE`/],
  [{[YAMA]: '3\n'}, /^set .* start the machine again$/],
  [{[YAMA]: '3\n', ...DOCKER}, /^on the host of this container: set /],
])('the fix of Yama’s scope, %j', async (files, fix) => {
  const finding = await findingOf('ptrace-scope', {files: files as FakeHost['files'], proveStop: REFUSES})
  expect(finding.fix).toMatch(fix)
})

test.each([
  ['0', REFUSES, 'ok'],
  ['1', REFUSES, 'ok'],
  ['2', REFUSES, 'fail'],
  ['2', STOPS, 'ok'],
])('vm.memfd_noexec %s', async (value, proveStop, verdict) => {
  const finding = await findingOf('memfd-exec', {files: {[MEMFD]: `${value}\n`}, proveStop})
  expect(finding).toMatchObject({status: verdict, evidence: `${MEMFD}: ${value}`})
})

test('before vm.memfd_noexec there is nothing to say of it', async () => {
  const {findings} = await check({proveStop: REFUSES})
  expect(findings.map(({id}) => id)).not.toContain('memfd-exec')
})

test.each([
  ['none', status(0), REFUSES, 'ok'],
  ['one that lets hv trace', status(2), STOPS, 'ok'],
  ['one that may be the reason', status(2), REFUSES, 'warn'],
  ['not to be read', {}, REFUSES, 'info'],
])('a seccomp filter: %s', async (_, files, proveStop, verdict) => {
  const finding = await findingOf('confinement', {files: files as FakeHost['files'], proveStop})
  expect(finding.status).toBe(verdict)
})

test('the fix of a filter is for who set it', async () => {
  const service = await findingOf('confinement', {files: status(2), proveStop: REFUSES})
  expect(service.fix).toContain('SystemCallFilter=')
  const container = await findingOf('confinement', {files: {...status(2), ...DOCKER}, proveStop: REFUSES})
  expect(container.fix).toContain('--cap-add SYS_PTRACE')
})

test('the namespaces of a guest’s process are those that were seen', async () => {
  const finding = await findingOf('namespaces', {proveStop: STOPS})
  expect(finding).toMatchObject({status: 'info', detail: "A guest's process has its own: user, pid."})
})

test.each([
  ['no such thing in the kernel', {}, /has no user namespaces/],
  ['none allowed', {[NAMESPACES]: '0\n'}, /none may be made/],
  ['for root', {[NAMESPACES]: '9\n', [CLONE]: '0\n', ...status(0)}, /only root/],
  ['AppArmor', {[NAMESPACES]: '9\n', [APPARMOR]: '1\n', ...status(0)}, /AppArmor/],
  ['a filter', {[NAMESPACES]: '9\n', ...status(2)}, /filter on hv/],
  ['not for want of rights', {[NAMESPACES]: '9\n', [CLONE]: '0\n', ...status(0, 21)}, /the host refused/],
])('a guest’s process without namespaces of its own is a fact: %s', async (_, files, detail) => {
  const proveStop = () => ({ok: true, roundTripNs: 9000, namespaces: []})
  const report = await check({files: files as FakeHost['files'], proveStop})
  expect(find(report, 'namespaces')).toMatchObject({status: 'info', detail: expect.stringMatching(detail)})
  expect(report.platforms.ptrace).toBe(true)
})

test('nothing is said of namespaces where no process was seen', async () => {
  const {findings} = await check({proveStop: REFUSES})
  expect(findings.map(({id}) => id)).not.toContain('namespaces')
})

test('larger pages, and on arm64 a kernel before 5.3, are what the kernel lacks', async () => {
  const files = {'/proc/self/auxv': auxv(16384)}
  const report = await checkCapture('a76', {files, kernel: '5.2.21-v8+', proveStop: REFUSES})
  const finding = find(report, 'ptrace-kernel')
  expect(finding.detail).toMatch(/^It has pages of 16 KiB: .*, no PTRACE_SYSEMU, which came with 5\.3\.$/)
  expect(finding).toMatchObject({status: 'fail', fix: expect.stringContaining('kernel8.img')})
  expect(report).toMatchObject({platform: 'kvm', platforms: {ptrace: false}})
})

test.each(['5.3.0', '5.10.0-8-arm64', '6.1', 'unknown'])(
  'kernel %s is new enough for arm64',
  async (kernel) => {
    const report = await checkCapture('a76', {kernel, proveStop: REFUSES})
    expect(find(report, 'ptrace-kernel').status).toBe('ok')
  },
)

test('a kernel without seccomp filters is named', async () => {
  const files = {'/proc/sys/kernel/': '', '/proc/sys/kernel/seccomp/actions_avail': 'absent'}
  const finding = await findingOf('ptrace-kernel', {files, proveStop: REFUSES})
  expect(finding).toMatchObject({status: 'fail', detail: 'It has no seccomp filters.'})
})

test('the proof says what a stop takes', async () => {
  const finding = await findingOf('ptrace-proof', {proveStop: STOPS})
  expect(finding).toMatchObject({
    status: 'ok',
    detail: 'A system call and back takes 9.0 µs by a stop of the process.',
  })
})

test('a proof that is refused points at the finding that says why', async () => {
  const finding = await findingOf('ptrace-proof', {files: {[MEMFD]: '2\n'}, proveStop: REFUSES})
  expect(finding).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('PTRACE_TRACEME: refused'),
    fix: 'see Executable memfd',
  })
  const filtered = await findingOf('ptrace-proof', {files: status(2), proveStop: REFUSES})
  expect(filtered.fix).toBe('see Confinement')
})

test.each([
  [1, /security module/],
  [13, /security module/],
  [11, /ulimit -u/],
  [12, /free memory/],
  [10, /hv check --json/],
])('with nothing to blame, errno %d of the proof is what its fix goes by', async (errno, fix) => {
  const proveStop = () => {
    throw refusal(errno)
  }
  expect((await findingOf('ptrace-proof', {proveStop})).fix).toMatch(fix)
})

test('a stop that came out wrong fails', async () => {
  const proveStop = () => ({ok: false, roundTripNs: 0, detail: 'The call number was wrong.'})
  const report = await check({proveStop})
  expect(find(report, 'ptrace-proof')).toMatchObject({status: 'fail', detail: 'The call number was wrong.'})
  expect(report.platforms.ptrace).toBe(false)
})

test('without a prover ptrace is not called usable', async () => {
  const report = await check()
  expect(report.platforms.ptrace).toBe(false)
  expect(find(report, 'ptrace-proof')).toMatchObject({status: 'info', evidence: 'no prover was given'})
})
