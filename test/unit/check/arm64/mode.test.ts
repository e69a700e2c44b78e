// The mode in which a kernel uses EL2, derived from what real kernels showed.

import {describe, expect, test} from 'vitest'
import {find} from '../fake-host.ts'
import {checkCapture, WITHOUT_LOG} from './captured-host.ts'

const EACCES = 13

const captures: [name: string, mode: string][] = [
  ['a76', 'vhe'],
  ['a76-gic2', 'vhe'],
  ['a76-linux-6.1', 'vhe'],
  ['a76-linux-7.3', 'vhe'],
  ['neoverse-n1', 'vhe'],
  ['neoverse-v1', 'vhe'],
  ['max', 'vhe'],
  ['max-nested', 'vhe-nv2'],
  ['a72', 'nvhe'],
  ['a72-gic2', 'nvhe'],
  ['a72-linux-6.1', 'nvhe'],
  ['a72-linux-7.3', 'nvhe'],
  ['a53-gic2', 'nvhe'],
  ['a76-nvhe', 'nvhe'],
  ['a76-hvhe', 'hvhe'],
  ['a76-protected', 'protected-hvhe'],
  ['a72-protected', 'protected-nvhe'],
  ['a76-el1', 'el1'],
  ['a76-none', 'disabled'],
  ['a72-none', 'disabled'],
]

describe.each(captures)('%s', (name, mode) => {
  test(`is ${mode}, and nothing disagrees`, async () => {
    const report = await checkCapture(name)
    expect(report.machine?.mode).toBe(mode)
    expect(find(report, 'virtualization-mode').detail).not.toContain('disagrees')
  })

  test(`is ${mode} to a user who may not read the kernel log`, async () => {
    const report = await checkCapture(name, {files: WITHOUT_LOG})
    expect(report.machine?.mode).toBe(mode)
    expect(find(report, 'virtualization-mode').evidence).not.toContain('kernel log')
  })

  test('is told by the kernel log alone', async () => {
    const report = await checkCapture(name, {
      openErrno: EACCES,
      files: {'/proc/interrupts': '', '/proc/cmdline': 'absent', '/sys/module/kvm/': 'absent'},
    })
    expect(report.machine?.mode).toBe(mode)
  })

  test('has at least two kinds of evidence without the kernel log', async () => {
    const {evidence} = find(await checkCapture(name, {files: WITHOUT_LOG}), 'virtualization-mode')
    const kinds = evidence.split('; ').map((part) => part.split(':')[0])
    expect(new Set(kinds).size).toBeGreaterThanOrEqual(2)
    expect(kinds).toContain('interrupts')
  })
})

test.each([
  ['a76', 'vhe'],
  ['a72', 'nvhe'],
  ['a76-nvhe', 'nvhe'],
  ['a72-protected', 'protected-nvhe'],
])('%s is %s to a user who may open neither the log nor /dev/kvm', async (name, mode) => {
  const report = await checkCapture(name, {openErrno: EACCES, files: WITHOUT_LOG})
  expect(report.machine?.mode).toBe(mode)
})

test('what cannot be told apart is named, with a next step', async () => {
  // Without the vCPU's register, protected KVM at EL2 with and without VHE look the same.
  const report = await checkCapture('a76-protected', {openErrno: EACCES, files: WITHOUT_LOG})
  expect(report.machine?.mode).toBeNull()
  expect(find(report, 'virtualization-mode')).toMatchObject({
    status: 'warn',
    detail: 'It could not be told which of protected nVHE or protected hVHE it is.',
    fix: expect.stringContaining('sudo hv check'),
  })
})

test('evidence that disagrees is a warning that names both, and the running kernel’s log is believed', async () => {
  const {'/proc/interrupts': interrupts} = {
    '/proc/interrupts':
      ' 11:  1  1  GICv3  30 Level  arch_timer\n 12:  0  0  GICv3  27 Level  kvm guest vtimer\n',
  }
  const report = await checkCapture('a76', {files: {'/proc/interrupts': interrupts}})
  const finding = find(report, 'virtualization-mode')
  expect(report.machine?.mode).toBe('vhe')
  expect(finding.status).toBe('warn')
  expect(finding.detail).toMatch(
    /Evidence disagrees: the kernel log says VHE, the interrupts \(.*\) says? nVHE/,
  )
})

test('a mode that was asked for and not given is a warning', async () => {
  const report = await checkCapture('a76', {files: {'/proc/cmdline': 'quiet kvm-arm.mode=nested\n'}})
  expect(find(report, 'virtualization-mode')).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining(
      'the command line (kvm-arm.mode=nested) asks for VHE with nested virtualization',
    ),
  })
})

test('nVHE on a core without VHE says what VHE would change, and that the core has none', async () => {
  const finding = find(await checkCapture('a72'), 'virtualization-mode')
  expect(finding.status).toBe('info')
  expect(finding.detail).toMatch(/no EL1\/EL2 world switch.*cheaper hypercalls.*Cortex-A72, has no VHE/)
  expect(finding.fix).toBeUndefined()
})

test('nVHE on a core that has VHE says which argument forbids it', async () => {
  const finding = find(await checkCapture('a76-nvhe'), 'virtualization-mode')
  expect(finding.detail).toContain('Cortex-A76, has VHE')
  expect(finding.fix).toContain('remove `kvm-arm.mode=nvhe`')
})

test('the last kvm-arm.mode on the command line is the one that counts', async () => {
  const cmdline = 'kvm-arm.mode=none kvm-arm.mode=nvhe\n'
  const report = await checkCapture('a76-nvhe', {files: {...WITHOUT_LOG, '/proc/cmdline': cmdline}})
  expect(find(report, 'virtualization-mode').status).toBe('info')
})

test('records of /dev/kmsg are read as dmesg prints them', async () => {
  const records =
    '6,1,0,-;CPU: All CPU(s) started at EL2\n SUBSYSTEM=cpu\n6,2,5,-;kvm [1]: VHE mode initialized successfully\n'
  const report = await checkCapture('a76', {files: {'/dev/kmsg': records}})
  expect(find(report, 'virtualization-mode').evidence).toMatch(
    /^kernel log: "CPU: All CPU\(s\) started at EL2", "kvm \[1\]: VHE mode initialized successfully"/,
  )
})

test('a copy of the log counts when it is of this boot, and not when it is older', async () => {
  const log = 'kvm [1]: Hyp hVHE mode initialized successfully\n'
  const files = {...WITHOUT_LOG, '/proc/interrupts': '', '/var/log/dmesg': log}
  const evidenceOf = async (btime: number) =>
    find(
      await checkCapture('a76-hvhe', {files: {...files, '/proc/stat': `btime ${btime}\n`}}),
      'virtualization-mode',
    ).evidence
  expect(await evidenceOf(1)).toContain('old kernel log')
  expect(await evidenceOf((Date.now() / 1000 + 1000) | 0)).not.toContain('old kernel log')
})

test('the guests’ timers of a machine without a GIC are a clue, the number of its own timer is none', async () => {
  const interrupts = ' 33:  0  0  KVM  0 Level  kvm guest ptimer\n 35:  9  9  AIC-FIQ  0 Level  arch_timer\n'
  const report = await checkCapture('a76', {files: {...WITHOUT_LOG, '/proc/interrupts': interrupts}})
  expect(report.machine?.mode).toBe('vhe')
  expect(find(report, 'virtualization-mode').evidence).not.toContain('arch_timer')
})
