// The tests in an arm64 bed: that KVM runs in the mode that the bed is for, and the matrix.

import {expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import type {Platform} from '../guests/run.ts'
import {testGdb} from './gdb.ts'
import {testKernel, testTracedKernel} from './kernel.ts'
import {testKernelProgram} from './kernel-program.ts'
import {describeBed, type Inside, isAll, platformsOf, type Share, testHv} from './matrix.ts'
import {KVM_UNITS, PTRACE_UNITS, testUnits} from './units.ts'

/** What the kernel log says in each mode: Linux, arch/arm64/kvm/arm.c, init_hyp_mode() and finalize_init_hyp_mode(). */
const LOG: Record<string, string> = {
  vhe: 'VHE mode initialized successfully',
  'vhe-nv2': 'VHE+NV2 mode initialized successfully',
  nvhe: 'Hyp nVHE mode initialized successfully',
  hvhe: 'Hyp hVHE mode initialized successfully',
  'protected-hvhe': 'Protected hVHE mode initialized successfully',
  el1: 'HYP mode not available',
  disabled: 'KVM disabled from command line',
}

interface Scope {
  /** The platforms to run guests on; not all that the bed has, where time is short. */
  platforms?: readonly Platform[]
  /** See units.ts. */
  units?: readonly string[]
  /** The share of the guests, where time is short: in each run, every guest runs in one of the three arm64 beds. */
  share?: Share
  /** Whether to test gdb too. */
  gdb?: boolean
  /** What to boot kernels for, where time is short: for themselves, for a program; default: both. */
  kernels?: readonly ('themselves' | 'a program')[]
}

export function describeArm64Bed(name: string, scope: Scope = {}): void {
  const {platforms = platformsOf(name), share, gdb = false} = scope
  const hasKvm = platforms.includes('kvm')
  const isOld = bedNamed(name)!.kernel === 'bookworm-arm64'
  const {units = hasKvm ? KVM_UNITS : PTRACE_UNITS} = scope
  const {kernels = hasKvm ? ['themselves', 'a program'] : []} = scope
  describeBed(name, (inside, forward) => {
    testMode(name, inside)
    testHv(name, inside, platforms, [], share)
    if (kernels.includes('themselves')) testKernel('arm64', inside, {keepsModes: isOld})
    if (isAll && name === 'a76') testTracedKernel('arm64', inside)
    if (kernels.includes('a program')) testKernelProgram('arm64', inside)
    if (hasKvm) testNested(name, inside)
    if (gdb) testGdb('arm64', inside, forward)
    testUnits('arm64', inside, units)
  })
}

function testNested(name: string, inside: Inside): void {
  const vhe = ['node', 'dist/bin/hv.cjs', 'run', '.cache/guests/arm64/bare-vhe']

  if (bedNamed(name)!.mode === 'vhe-nv2') {
    test("a guest of EL2 sees EL1's names reach EL2's registers", async () => {
      const {status, stdout, stderr} = await inside(vhe)
      expect({status, stderr}).toEqual({status: 0, stderr: ''})
      expect(stdout).toContain('VBAR_EL1 = 0x11000: VBAR_EL2 is 0x11000')
    })
  } else {
    test('a guest of EL2 is refused in one line, as this KVM has no nested virtualization', async () => {
      const {status, stdout, stderr} = await inside(vhe)
      expect({status, stdout}).toEqual({status: 125, stdout: ''})
      expect(stderr).toMatch(/^hv: .*nested.*\n$/)
    })
  }
}

export function testMode(name: string, inside: Inside): void {
  const {mode} = bedNamed(name)!

  test(`KVM is in the mode that the bed is for, ${mode}`, async () => {
    const {stdout: log} = await inside(['sh', '-c', 'dmesg | grep kvm'])
    expect(log).toContain(`kvm [1]: ${LOG[mode]}`)
  })
}
