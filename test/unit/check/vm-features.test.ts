// Which parts of the VM API the host has.

import {expect, test} from 'vitest'
import {CAPABILITIES, FEATURES} from '../../../src/check/x86_64/checks.ts'
import {check, find} from './fake-host.ts'

const status = (capabilities: string) => ({'/proc/self/status': `CapEff:\t${capabilities}\n`})
const sysctl = (value: number) => ({'/proc/sys/vm/unprivileged_userfaultfd': `${value}\n`})
const [FIRST, ...OTHERS] = FEATURES.map(({label}) => label)

test('features that KVM has are told apart from those that it lacks', async () => {
  const report = await check({
    kvm: {extensions: [...CAPABILITIES.map(() => 1), 0, ...OTHERS.map(() => 3)], guestXfeatures: 0x60003n},
    files: {'/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '0\n'},
  })
  expect(find(report, 'vm-features')).toMatchObject({
    status: 'info',
    detail: `Beyond what hv needs, this host has: ${OTHERS.join(', ')}. It lacks: ${FIRST}, userfaultfd, hugetlb pages.`,
    platform: 'kvm',
  })
})

test('reserved hugetlb pages are told by their sizes', async () => {
  const report = await check({files: {'/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '4\n'}})
  expect(find(report, 'vm-features').evidence).toMatch(/reserved hugetlb pages: 2048kB$/)
})

test.each([
  [sysctl(0), false],
  [sysctl(1), true],
  [{...sysctl(0), ...status('0000000000080000')}, true],
  [status('0000000000080000'), false],
])('userfaultfd takes the kernel’s, and a sysctl or CAP_SYS_PTRACE: %j', async (files, isThere) => {
  const [has] = find(await check({files}), 'vm-features').detail.split('It lacks')
  expect(has.includes('userfaultfd')).toBe(isThere)
})

test('userfaultfd’s device is enough for who may open it', async () => {
  const report = await check({files: {...sysctl(0), '/dev/userfaultfd': ''}})
  expect(find(report, 'vm-features').detail).not.toMatch(/It lacks.*userfaultfd/)
})

test.each([
  [0x602e7n, 4096, true],
  [0x602e7n, 0, false],
  [0x202e7n, 4096, false],
  [null, 4096, false],
])(
  'AMX takes a KVM that gives both its parts to guests, in XSAVE areas of any size: %s, %i',
  async (guestXfeatures, bytes, isThere) => {
    const answers = FEATURES.map(({name}) => (name === 'XSAVE2' ? bytes : 1))
    const kvm = {extensions: [...CAPABILITIES.map(() => 1), ...answers], guestXfeatures}
    // Whatever the processor has.
    const report = await check({kvm, files: {'/proc/cpuinfo': 'flags\t\t: fpu amx_tile sse\n'}})
    const [has] = find(report, 'vm-features').detail.split('It lacks')
    expect(has.includes('AMX')).toBe(isThere)
  },
)

test('a PVM host lacks dirty rings, whatever it answers', async () => {
  const pvm = await check({files: {'/sys/module/kvm_pvm/': ''}})
  expect(find(pvm, 'vm-features').detail).toMatch(/It lacks.*dirty rings/)
  expect(find(await check(), 'vm-features').detail).not.toMatch(/It lacks.*dirty rings/)
})

test('a KVM that does not open is asked for nothing', async () => {
  const {findings} = await check({kvm: {openErrno: 13}})
  expect(findings.map(({id}) => id)).not.toContain('vm-features')
})
