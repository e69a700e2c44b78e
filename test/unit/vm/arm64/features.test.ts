// What vCPUs have beyond what all have: the guest and the host see it, saved and restored, or the host says what it lacks. Bed max has all.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import {checkExtension, type KvmCapability} from '../../../../src/vm/capabilities.ts'
import type {CpuFeatures} from '../../../../src/vm/cpu-features.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {VectorName} from '../../../../src/vm/vectors.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import type {VmOptions} from '../../../../src/vm/vm-options.ts'
import {instructions, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeOn, MEMORY_BYTES} from '../../../helpers/vm.ts'

const CAPABILITIES: Record<Exclude<keyof CpuFeatures, 'amx'>, KvmCapability> = {
  sve: 'KVM_CAP_ARM_SVE',
  pauth: 'KVM_CAP_ARM_PTRAUTH_ADDRESS',
  pmu: 'KVM_CAP_ARM_PMU_V3',
  mte: 'KVM_CAP_ARM_MTE',
  el1Is32Bit: 'KVM_CAP_ARM_EL1_32BIT',
}
const isArm64 = arch.name === 'arm64'
const has = (feature: keyof typeof CAPABILITIES) => isArm64 && checkExtension(CAPABILITIES[feature]) > 0
/** A host without it runs another test: that it is refused. */
const testWith = (feature: keyof typeof CAPABILITIES, name: string, body: () => void) =>
  has(feature) && test(`${feature}: ${name}`, body)
const create = (features: CpuFeatures, options: Partial<VmOptions> = {}) =>
  Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, features, ...options})
const inVm = (features: CpuFeatures, ...code: number[]) => {
  const vm = create(features)
  return {vm, vcpu: addVcpu(vm, 0, [...instructions(...code), ...guest.stop])}
}
const DATA = guest.memoryBase + 0x8000
/** FPEN and ZEN: neither is trapped. */
const CPACR = (3n << 20n) | (3n << 16n)

const restored = (vm: Vm): Vm => {
  const folder = mkdtempSync(join(tmpdir(), 'hv-features-'))
  try {
    vm.save(join(folder, 'saved'))
    return Vm.restore(join(folder, 'saved'))
  } finally {
    rmSync(folder, {recursive: true})
  }
}

describeOn('arm64', 'features of vCPUs', () => {
  test.each(Object.keys(CAPABILITIES) as (keyof typeof CAPABILITIES)[])(
    '%s is there, or the host says what it lacks',
    (name) => {
      if (!has(name)) {
        expect(codeOf(() => create({[name]: true}))).toBe('KVM_UNUSABLE')
        expect(() => create({[name]: true})).toThrow(CAPABILITIES[name])
        return
      }
      using vm = create({[name]: true})
      expect(codeOf(() => vm.createVcpu())).toBe('nothing was thrown')
    },
  )

  test.each<[string, CpuFeatures]>([
    ['another name', {sme: true} as CpuFeatures],
    ['vectors of no bits', {sve: 0}],
    ['half a feature', {pauth: 1} as never],
  ])('refuse %s', (_, features) => {
    expect(codeOf(() => create(features))).toBe('BAD_ARGUMENT')
  })

  /** msr zcr_el1, x0; rdvl x1, #1. A vector loses what is behind ZCR_EL1's length, so it is set first. */
  const LENGTH = [0xd5181200, 0x04bf5021]

  testWith('sve', 'guest and host see the same vectors, and a saved VM has them', () => {
    using vm = create({sve: true})
    // mov z1.d, z0.d; ptrue p0.b
    const code = [...instructions(...LENGTH), ...guest.stop, ...instructions(0x04603001, 0x2518e3e0)]
    const vcpu = addVcpu(vm, 0, [...code, ...guest.stop], {x0: 15n, cpacr_el1: CPACR})
    const bytes = vcpu.vectors.get('z0').length
    vcpu.run()
    expect(vcpu.registers.get('x1')).toBe(BigInt(bytes))
    const z0 = Uint8Array.from({length: bytes}, (_, index) => index)
    vcpu.vectors.set({z0, p0: new Uint8Array(bytes / 8), fpsr: new Uint8Array(4)})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    using other = restored(vm)
    const hex = (of: Vcpu, name: VectorName) => Buffer.from(of.vectors.get(name)).toString('hex')
    for (const each of [vcpu, other.vcpus[0]]) {
      expect(hex(each, 'z1')).toBe(Buffer.from(z0).toString('hex'))
      expect(hex(each, 'z1').slice(0, 32)).toBe(hex(each, 'v1'))
      expect(hex(each, 'p0')).toBe('ff'.repeat(bytes / 8))
    }
  })

  testWith('sve', 'vectors are as short as asked for, and of no length that the host lacks', () => {
    const {vm, vcpu} = inVm({sve: 128}, ...LENGTH)
    using _ = vm
    vcpu.registers.set({x0: 15n, cpacr_el1: CPACR})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1')).toBe(16n)
    expect(vcpu.vectors.get('ffr')).toHaveLength(2)
    using odd = create({sve: 200})
    expect(codeOf(() => odd.createVcpu())).toBe('BAD_ARGUMENT')
    expect(() => odd.createVcpu()).toThrow(/200 bits are none of this host's: 128/)
  })

  test('without SVE there are no vectors of it', () => {
    using vm = create({})
    const {vectors} = vm.createVcpu()
    expect(vectors.names).toContain('v31')
    expect(codeOf(() => vectors.get('z0' as VectorName))).toBe('BAD_ARGUMENT')
  })

  testWith('pauth', 'the guest signs', () => {
    // pacga x3, x1, x2
    const {vm, vcpu} = inVm({pauth: true}, 0x9ac23023)
    using _ = vm
    vcpu.registers.set({x1: 5n, x2: 7n, x3: 1n})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x3') & 0xffffffffn).toBe(0n)
    expect(vcpu.registers.get('id_aa64isar1_el1') & 0xff000ff0n).not.toBe(0n)
  })

  test.runIf(has('pmu')).each([false, true])('pmu: the guest counts its cycles, irqchip: %s', (irqchip) => {
    using vm = create({pmu: true}, {irqchip})
    // msr pmintenclr_el1, x3; msr pmovsclr_el0, x3; msr pmccfiltr_el0, xzr; msr pmcntenset_el0, x0; msr pmcr_el0, x1; isb
    const start = [0xd5189e43, 0xd51b9c63, 0xd51befff, 0xd51b9c20, 0xd51b9c01, 0xd5033fdf]
    // isb; mrs x2, pmccntr_el0
    const code = instructions(...start, 0xd5033fdf, 0xd53b9d02)
    const vcpu = addVcpu(vm, 0, [...code, ...guest.stop], {x0: 1n << 31n, x1: 1n, x3: (1n << 32n) - 1n})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x2')).toBeGreaterThan(0n)
    using other = restored(vm)
    expect(other.vcpus[0].registers.get('x2')).toBe(vcpu.registers.get('x2'))
  })

  // ldg x1, [x0]; stg x2, [x3]
  const TAGS = [0xd9600001, 0xd9200862]

  testWith('mte', 'guest and host see the same tags, and a saved VM has them', () => {
    const {vm, vcpu} = inVm({mte: true}, ...TAGS)
    using _ = vm
    vm.memoryTags.write(DATA, Uint8Array.of(5))
    vcpu.registers.set({x0: BigInt(DATA), x1: 0n, x2: 9n << 56n, x3: BigInt(DATA + 32)})
    // Tagged memory in place of write-back; SCTLR_EL1.ATA.
    const {mair_el1, sctlr_el1} = vcpu.registers.getAll()
    vcpu.registers.set({mair_el1: (mair_el1 & ~0xffn) | 0xf0n, sctlr_el1: sctlr_el1 | (1n << 43n)})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1')).toBe(5n << 56n)
    using other = restored(vm)
    for (const {memoryTags} of [vm, other]) {
      expect(memoryTags.read(DATA - 16, 64)).toEqual(Uint8Array.of(0, 5, 0, 9))
    }
  })

  test('mte: tags of other memory, of parts of granules and above 15 are refused', () => {
    using vm = create({mte: has('mte')})
    const {memoryTags} = vm
    expect(codeOf(() => memoryTags.read(DATA, 8))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => memoryTags.write(DATA, Uint8Array.of(16)))).toBe('BAD_ARGUMENT')
    const beyond = guest.memoryBase + MEMORY_BYTES
    expect(codeOf(() => memoryTags.read(beyond, 16))).toBe(has('mte') ? 'MEMORY_RANGE' : 'BAD_ARGUMENT')
  })

  testWith('el1Is32Bit', 'the guest runs in AArch32', () => {
    using vm = create({el1Is32Bit: true})
    const vcpu = vm.createVcpu()
    // str r1, [r0]
    vm.memory.write(guest.at, Uint8Array.from(instructions(0xe5801000)))
    vcpu.registers.set({pc: BigInt(guest.at), x0: BigInt(NOWHERE), x1: 42n})
    expect(vcpu.run()).toMatchObject({
      kind: 'mmio',
      isWrite: true,
      address: NOWHERE,
      data: Uint8Array.of(42, 0, 0, 0),
    })
    if (has('mte')) expect(codeOf(() => create({el1Is32Bit: true, mte: true}))).toBe('BAD_ARGUMENT')
  })
})
