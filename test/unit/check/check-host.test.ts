// The verdict of checkHost, and its promised format.

import {expect, test} from 'vitest'
import {CAPABILITIES} from '../../../src/check/x86_64/checks.ts'
import {AMD, check, find, NO_FLAGS, REFUSES, STOPS} from './fake-host.ts'

test('a machine where everything is right is usable by kvm', async () => {
  const report = await check({proveStop: STOPS})
  expect(report).toMatchObject({version: 2, usable: true, platform: 'kvm', arch: 'x86_64'})
  expect(report.platforms).toEqual({kvm: true, ptrace: true})
  expect(report.findings.filter(({status}) => status === 'fail' || status === 'warn')).toEqual([])
})

test('every finding has the documented fields and a different id', async () => {
  const {findings} = await check({files: {'/.dockerenv': ''}, kvm: {openErrno: 13}, proveStop: REFUSES})
  for (const finding of findings) {
    expect(finding).toEqual({
      id: expect.stringMatching(/^[a-z-]+$/),
      title: expect.stringMatching(/./),
      status: expect.stringMatching(/^(ok|warn|fail|info)$/),
      detail: expect.stringMatching(/./),
      evidence: expect.stringMatching(/./),
      ...(finding.fix === undefined ? {} : {fix: expect.stringMatching(/./)}),
      ...(finding.platform === undefined ? {} : {platform: expect.stringMatching(/^(kvm|ptrace)$/)}),
    })
    if (finding.status === 'fail') expect(finding.fix, finding.id).toBeDefined()
  }
  expect(new Set(findings.map(({id}) => id)).size).toBe(findings.length)
})

test('a PVM host is usable without VT-x, SVM and their modules', async () => {
  const report = await check({
    files: {
      '/proc/cpuinfo': NO_FLAGS,
      '/sys/module/kvm_intel/': 'absent',
      '/sys/module/kvm_pvm/': '',
    },
  })
  expect(report.usable).toBe(true)
  expect(find(report, 'pvm').status).toBe('ok')
  expect(find(report, 'cpu-virtualization').status).toBe('info')
  expect(find(report, 'kernel-modules').status).toBe('ok')
})

test('the proof says what a trap takes', async () => {
  const proof = find(await check(), 'trap-proof')
  expect(proof.detail).toBe(
    'A system call and back takes 36.0 µs by an exit, 1.4 µs with the host process polling.',
  )
})

test('a proof that fails makes the host unusable, whatever else is right', async () => {
  const report = await check({
    proveTrap: () => ({ok: false, roundTripNs: 0, detail: 'The call number was wrong.'}),
  })
  expect(report).toMatchObject({usable: false, platform: null})
  expect(find(report, 'trap-proof')).toMatchObject({status: 'fail', detail: 'The call number was wrong.'})
})

test('a proof that throws is a finding with the error’s next step', async () => {
  const report = await check({
    proveTrap: () => {
      throw Object.assign(new Error('the vCPU failed'), {nextStep: 'do this'})
    },
  })
  expect(report.usable).toBe(false)
  expect(find(report, 'trap-proof')).toMatchObject({
    status: 'fail',
    detail: 'The guest did not run: the vCPU failed',
    fix: 'do this',
  })
})

test('the proof is not tried where KVM makes no VM', async () => {
  let tries = 0
  const report = await check({
    kvm: {createVmErrno: 16},
    proveTrap: () => {
      tries++
      return {ok: true, roundTripNs: 1}
    },
  })
  expect(find(report, 'trap-proof').status).toBe('info')
  expect(tries).toBe(0)
})

test('without a proof the host is not called usable', async () => {
  const report = await check({proveTrap: undefined})
  expect(report.usable).toBe(false)
  expect(find(report, 'trap-proof')).toMatchObject({status: 'info', evidence: 'no prover was given'})
})

test('without KVM the host is usable by ptrace, and what fails of KVM is still told', async () => {
  const report = await check({kvm: {openErrno: 2}, proveStop: STOPS})
  expect(report).toMatchObject({usable: true, platform: 'ptrace', platforms: {kvm: false, ptrace: true}})
  expect(find(report, 'kvm-device')).toMatchObject({status: 'fail', platform: 'kvm'})
})

test('without ptrace the host is usable by kvm', async () => {
  const report = await check({proveStop: REFUSES})
  expect(report).toMatchObject({usable: true, platform: 'kvm', platforms: {kvm: true, ptrace: false}})
})

test('a host where neither is proven is not usable', async () => {
  const report = await check({kvm: {openErrno: 2}, proveStop: REFUSES})
  expect(report).toMatchObject({usable: false, platform: null, platforms: {kvm: false, ptrace: false}})
})

test('another architecture is named, and not usable', async () => {
  const report = await check({machine: 'riscv64'})
  expect(report).toMatchObject({usable: false, arch: 'riscv64', platforms: {kvm: false, ptrace: false}})
  expect(find(report, 'arch').status).toBe('fail')
})

test('a wrong API version fails', async () => {
  const report = await check({kvm: {apiVersion: 11}})
  expect(report.usable).toBe(false)
  expect(find(report, 'kvm-api')).toMatchObject({status: 'fail', evidence: 'KVM_GET_API_VERSION: 11'})
})

test('a capability that hv needs fails, one that only makes it faster warns, and both are named', async () => {
  const without = (name: string) => ({extensions: CAPABILITIES.map((each) => (each.name === name ? 0 : 1))})
  const needed = await check({kvm: without('SYNC_REGS')})
  expect(find(needed, 'kvm-capabilities')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('SYNC_REGS'),
  })
  expect(needed.usable).toBe(false)
  const wanted = await check({kvm: without('EXIT_ON_EMULATION_FAILURE')})
  expect(find(wanted, 'kvm-capabilities').status).toBe('warn')
  expect(wanted.usable).toBe(true)
})

test('SVM counts as VT-x does', async () => {
  const report = await check({
    files: {'/proc/cpuinfo': AMD, '/sys/module/kvm_intel/': 'absent', '/sys/module/kvm_amd/': ''},
  })
  expect(find(report, 'cpu-virtualization').detail).toBe('It has SVM.')
  expect(report.usable).toBe(true)
})
