// cpuid.showHyperV: Hyper-V's leaves before KVM's, and a guest that uses what they name.

import {expect, test} from 'vitest'
import {checkExtension} from '../../../../src/vm/capabilities.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

const KVM_LEAVES = 0x4000_0000
const HYPER_V = 0x3123_7648

describeOn('x86_64', 'cpuid.showHyperV', () => {
  test("shows Hyper-V's leaves first and KVM's behind them, once, where KVM has them", () => {
    // cpuid; mov %eax, %ebx; mov $0x40000022, %ecx (HV_X64_MSR_TSC_FREQUENCY); rdmsr, in real mode
    const code = [0x0f, 0xa2, 0x66, 0x89, 0xc3, 0x66, 0xb9, 0x22, 0, 0, 0x40, 0x0f, 0x32, 0xf4]
    const {vm, vcpu} = standingBefore(code, {rax: BigInt(KVM_LEAVES + 1)})
    using _ = vm
    const [kvm, features] = [0, 1].map((index) => vcpu.cpuid.get(KVM_LEAVES + index)!)
    if (checkExtension('KVM_CAP_HYPERV_CPUID') === 0) {
      expect(codeOf(() => vcpu.cpuid.showHyperV())).toBe('KVM_UNUSABLE')
      return
    }
    vcpu.cpuid.showHyperV()
    vcpu.cpuid.showHyperV()
    const leaves = vcpu.cpuid.getAll().map(({leaf, subleaf}) => `${leaf} ${subleaf}`)
    expect(new Set(leaves).size).toBe(leaves.length)
    const {ebx, ecx, edx} = kvm
    expect(vcpu.cpuid.get(KVM_LEAVES + 0x100)).toMatchObject({ebx, ecx, edx})
    expect(vcpu.cpuid.get(KVM_LEAVES + 0x101)).toMatchObject({eax: features.eax})
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rbx')).toBe(BigInt(HYPER_V))
    expect(vcpu.registers.get('rax')).toBeGreaterThan(0n)
  })
})
