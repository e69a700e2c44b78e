// What is tested in a bed of arm64: that KVM is there in the way that the bed is for, and the matrix.

import {expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import {describeBed, type Inside, testHv} from './matrix.ts'
import {testUnits} from './units.ts'

/** What the kernel log says of each mode: Linux, arch/arm64/kvm/arm.c, init_hyp_mode() and finalize_init_hyp_mode(). */
const LOG: Record<string, string> = {
  vhe: 'VHE mode initialized successfully',
  'vhe-nv2': 'VHE+NV2 mode initialized successfully',
  nvhe: 'Hyp nVHE mode initialized successfully',
  hvhe: 'Hyp hVHE mode initialized successfully',
  'protected-hvhe': 'Protected hVHE mode initialized successfully',
  el1: 'HYP mode not available',
  disabled: 'KVM disabled from command line',
}

export function describeArm64Bed(name: string): void {
  describeBed(name, (inside) => {
    testMode(name, inside)
    testHv(name, inside)
    testUnits(inside)
  })
}

export function testMode(name: string, inside: Inside): void {
  const {mode} = bedNamed(name)!

  test(`KVM is in the mode that the bed is for, ${mode}, and hv check knows it`, async () => {
    const {stdout: log} = await inside(['sh', '-c', 'dmesg | grep kvm'])
    expect(log).toContain(`kvm [1]: ${LOG[mode]}`)
    const {stdout: report} = await inside(['node', 'dist/bin/hv.cjs', 'check', '--json'])
    expect(JSON.parse(report).machine.mode).toBe(mode)
  })
}
