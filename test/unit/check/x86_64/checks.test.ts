// x86_64: processor, firmware, modules and nested virtualization.

import {expect, test} from 'vitest'
import {AMD, check, find, INTEL, NO_FLAGS, withoutModules} from '../fake-host.ts'

/** /dev/cpu/0/msr as a sparse file: a register's number is its offset. */
function msr(register: number, value: bigint): Record<string, string> {
  const bytes = Buffer.alloc(register + 8)
  bytes.writeBigUInt64LE(value, register)
  return {'/dev/cpu/0/msr': bytes.toString('latin1')}
}

test('a processor without VT-x and SVM fails, in a virtual machine with a fix for its host', async () => {
  const guest = find(await withoutModules(NO_FLAGS), 'cpu-virtualization')
  expect(guest).toMatchObject({status: 'fail', fix: expect.stringMatching(/nested virtualization/)})
  const metal = find(await withoutModules(NO_FLAGS.replace(' hypervisor', '')), 'cpu-virtualization')
  expect(metal).toMatchObject({status: 'fail', fix: expect.stringMatching(/firmware/)})
})

test('a processor without flags only warns where KVM makes VMs', async () => {
  const report = await check({files: {'/proc/cpuinfo': NO_FLAGS}})
  expect(find(report, 'cpu-virtualization').status).toBe('warn')
  expect(report.usable).toBe(true)
})

test.each([
  [INTEL, 'kvm_intel'],
  [AMD, 'kvm_amd'],
])('a missing module is named with the command that loads it', async (cpuinfo, module) => {
  expect(find(await withoutModules(cpuinfo), 'kernel-modules')).toMatchObject({
    status: 'fail',
    detail: `${module} is not loaded.`,
    fix: `load it: \`sudo modprobe ${module}\``,
  })
})

test.each([
  [0x5n, 'ok'],
  [0x1n, 'fail'],
  [0x0n, 'ok'],
])('IA32_FEATURE_CONTROL %d is %s', async (value, status) => {
  const report = await check({files: msr(0x3a, value)})
  expect(find(report, 'firmware')).toMatchObject({
    status,
    evidence: `/dev/cpu/0/msr: register 0x3a is 0x${value.toString(16)}`,
  })
  expect(report.usable).toBe(status === 'ok')
})

test('without the register, a VM that KVM makes is evidence enough', async () => {
  expect(find(await check(), 'firmware')).toMatchObject({status: 'ok', evidence: 'KVM makes VMs'})
})

test('without the register and without KVM nothing is claimed', async () => {
  const finding = find(await check({kvm: {openErrno: 19}}), 'firmware')
  expect(finding).toMatchObject({status: 'info', fix: expect.stringMatching(/modprobe msr/)})
})

test.each([NO_FLAGS, INTEL.replace('GenuineIntel', 'Unknown')])(
  'the register is not asked of %j',
  async (cpuinfo) => {
    const {findings} = await check({files: {'/proc/cpuinfo': cpuinfo, ...msr(0x3a, 1n)}})
    expect(findings.map(({id}) => id)).not.toContain('firmware')
  },
)

test('nested virtualization that is off is a fact with a command, not a failure', async () => {
  const report = await check({files: {'/sys/module/kvm_intel/parameters/nested': 'N\n'}})
  expect(report.usable).toBe(true)
  expect(find(report, 'nested')).toMatchObject({
    status: 'info',
    fix: expect.stringMatching(/options kvm_intel nested=1/),
  })
})

test('nested virtualization that is on needs no fix, 1 or Y', async () => {
  for (const value of ['Y\n', '1\n']) {
    const report = await check({files: {'/sys/module/kvm_intel/parameters/nested': value}})
    expect(find(report, 'nested').fix).toBeUndefined()
  }
})
