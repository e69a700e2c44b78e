// arm64: processor, firmware, KVM in the kernel, and what a guest can get.

import {expect, test} from 'vitest'
import {find} from '../fake-host.ts'
import {auxv, checkCapture, WITHOUT_LOG} from './captured-host.ts'

const EC2 = (product: string) => ({
  '/proc/device-tree/model': 'absent',
  '/proc/device-tree/compatible': 'absent',
  '/proc/device-tree/psci/method': 'absent',
  '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
  '/sys/class/dmi/id/product_name': `${product}\n`,
})
const RASPBERRY_PI_4 = {
  '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
  '/proc/device-tree/compatible': 'raspberrypi,4-model-b\0brcm,bcm2711\0',
}

test('a machine where everything is right is usable', async () => {
  const report = await checkCapture('a76')
  expect(report).toMatchObject({usable: true, platform: 'kvm', arch: 'arm64', board: 'virt'})
  expect(report.findings.filter(({status}) => status === 'fail' || status === 'warn')).toEqual([])
})

test('the report for programs has every fact', async () => {
  expect((await checkCapture('a76-gic2')).machine).toEqual({
    cores: [{name: 'Cortex-A76', implementer: '0x41', part: '0xd0b'}],
    mode: 'vhe',
    ipaBits: 40,
    vgic: ['v2'],
    pageSize: 4096,
    smcccFilter: true,
    nested: false,
  })
})

test('what KVM was not there to answer is null', async () => {
  const {machine} = await checkCapture('a76-el1')
  expect(machine).toMatchObject({ipaBits: null, vgic: null, smcccFilter: null, nested: null, mode: 'el1'})
})

test.each([
  ['a76', 'Cortex-A76: it has VHE.', /implementer 0x41, part 0xd0b$/],
  ['a72', 'Cortex-A72: EL2 without VHE (Armv8.0).', /implementer 0x41, part 0xd08$/],
  ['max', 'unknown core 0x00/0x051: whether it has VHE is not known to hv.', /implementer 0x00/],
])('the core of %s is named with what it could do', async (name, detail, evidence) => {
  const finding = find(await checkCapture(name), 'cpu-virtualization')
  expect(finding.detail).toBe(detail)
  expect(finding.evidence).toMatch(evidence)
})

test('different cores are each named, once', async () => {
  const midr = (cpu: number) => `/sys/devices/system/cpu/cpu${cpu}/regs/identification/midr_el1`
  const files = {
    [midr(0)]: '0x00000000611f0221\n',
    [midr(1)]: '0x00000000611f0231\n',
    [midr(2)]: '0x611f0231\n',
  }
  const {machine} = await checkCapture('a76', {files})
  expect(machine?.cores.map(({name}) => name)).toEqual(['M1 Icestorm', 'M1 Firestorm'])
})

test('/proc/cpuinfo stands in for sysfs', async () => {
  const midr = (cpu: number) => `/sys/devices/system/cpu/cpu${cpu}/regs/identification/midr_el1`
  const files = {
    [midr(0)]: 'absent',
    [midr(1)]: 'absent',
    '/proc/cpuinfo': 'processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n',
  }
  const report = await checkCapture('a72', {files})
  expect(find(report, 'cpu-virtualization')).toMatchObject({
    detail: expect.stringContaining('Cortex-A72'),
    evidence: expect.stringContaining('/proc/cpuinfo'),
  })
})

test.each([
  ['EC2 virtual machine', EC2('c6g.large'), /EC2/, /`c6g\.metal`/],
  [
    'Raspberry Pi',
    {...RASPBERRY_PI_4, '/proc/device-tree/psci/method': 'absent'},
    /EL1/,
    /armstub.*kernel8\.img.*arm_64bit=1/,
  ],
  ['virtual machine', {}, /PSCI is called by HVC/, /virtualization=on/],
  ['other machine', {'/proc/device-tree/psci/method': 'smc\0'}, /EL1/, /boot loader/],
])('a kernel at EL1 fails with the fix of this %s', async (_, files, detail, fix) => {
  const report = await checkCapture('a76-el1', {files: files as Record<string, string>})
  expect(report.usable).toBe(false)
  expect(find(report, 'firmware')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(detail),
    fix: expect.stringMatching(fix),
  })
})

test('a metal instance is not taken for a virtual machine', async () => {
  const report = await checkCapture('neoverse-n1', {files: EC2('c6g.metal')})
  expect(report.board).toBe('graviton2')
  expect(find(report, 'cpu-virtualization').evidence).not.toContain('virtual machine')
})

test('KVM that the command line switched off is mended there', async () => {
  const report = await checkCapture('a72-none', {files: WITHOUT_LOG})
  expect(find(report, 'kernel-modules')).toMatchObject({
    status: 'fail',
    fix: 'remove `kvm-arm.mode=none` from the kernel command line',
  })
})

test('a kernel without KVM is told from one that could not start it', async () => {
  const without = await checkCapture('a76-el1', {files: {'/sys/module/kvm/': 'absent'}})
  expect(find(without, 'kernel-modules')).toMatchObject({
    status: 'fail',
    fix: expect.stringContaining('CONFIG_KVM=y'),
  })
  const log = 'CPU: All CPU(s) started at EL2\nkvm [1]: error initializing Hyp mode: -22\n'
  const interrupts = ' 13:  9  9  GICv3  26 Level  arch_timer\n'
  const failed = await checkCapture('a76-el1', {files: {'/dev/kmsg': log, '/proc/interrupts': interrupts}})
  expect(failed.machine?.mode).toBe('failed')
  expect(find(failed, 'kernel-modules')).toMatchObject({
    status: 'fail',
    evidence: 'kernel log: "kvm [1]: error initializing Hyp mode: -22"',
  })
})

test('fewer address bits than a VMM gets by default are pointed out', async () => {
  expect(find(await checkCapture('a72'), 'ipa-size').detail).toBe(
    'Guest physical addresses have at most 44 bits.',
  )
  const report = await checkCapture('a76', {ipaBits: 36})
  expect(find(report, 'ipa-size').detail).toContain('less than the 40')
})

test.each([
  ['a76', "KVM gives guests a GICv3; the host's own is a GICv3."],
  ['a76-gic2', "KVM gives guests a GICv2; the host's own is a GICv2."],
])('the interrupt controllers of %s', async (name, detail) => {
  expect(find(await checkCapture(name), 'interrupt-controller').detail).toBe(detail)
})

test('the page size comes from the auxiliary vector', async () => {
  const report = await checkCapture('a76', {files: {'/proc/self/auxv': auxv(16384)}})
  expect(report.machine?.pageSize).toBe(16384)
  expect(find(report, 'page-size').detail).toMatch(/^16 KiB/)
})

test('a kernel without the SMCCC filter says since when there is one', async () => {
  const report = await checkCapture('a76-linux-6.1')
  expect(report.machine?.smcccFilter).toBe(false)
  expect(find(report, 'smccc-filter')).toMatchObject({
    status: 'info',
    detail: expect.stringContaining('since 6.4'),
    evidence: expect.stringContaining('EINVAL'),
  })
})

test('nested virtualization is what KVM_CAP_ARM_EL2 says', async () => {
  expect(find(await checkCapture('max-nested'), 'nested').detail).toMatch(/^On/)
  expect(find(await checkCapture('max'), 'nested').detail).toMatch(/^Off/)
})

test('a 32-bit kernel is told to be one', async () => {
  const report = await checkCapture('a72', {machine: 'armv7l'})
  expect(report).toMatchObject({usable: false, machine: null, board: null})
  expect(find(report, 'arch').fix).toContain('arm_64bit=1')
})
