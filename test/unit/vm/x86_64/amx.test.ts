// AMX: tiles that a guest multiplies, by name and as part of what is saved. It wants a process in which no vCPU was made before.

import {expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {startLongMode} from '../../../../src/vm/start-long-mode.ts'
import type {VectorName} from '../../../../src/vm/vectors.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {codeOf, describeOn} from '../../../helpers/vm.ts'

/** Both parts of AMX, in XCR0: SDM vol. 1, 13.3. */
const XTILE = 0x60000n
/** KVM may keep from guests what the processor has: PVM does. */
const hasAmx = ((addon.probeKvm('/dev/kvm', []).guestXfeatures ?? 0n) & XTILE) === XTILE
const make = (): Vm => Vm.create({memoryBytes: 0x200000, features: {amx: true}})
/** x87 and SSE, too. */
const XCR0 = XTILE | 3n
const OSFXSR_OSXSAVE = 0x40600n
const [ENTRY, CONFIG, LEFT, RIGHT, RESULT] = [0x10000, 0x18000, 0x18100, 0x18600, 0x18b00]
const [ROWS, ROW_BYTES, WORDS] = [16, 64, 16]

const address = (at: number): number[] => [...new Uint8Array(Uint32Array.of(at).buffer)]
const MULTIPLY = [
  ...[0xc4, 0xe2, 0x78, 0x49, 0x04, 0x25, ...address(CONFIG)], // ldtilecfg CONFIG
  ...[0xb9, ROW_BYTES, 0, 0, 0], // mov $64, %ecx
  ...[0xc4, 0xe2, 0x7b, 0x4b, 0x04, 0x0d, ...address(LEFT)], // tileloadd LEFT(,%rcx,1), %tmm0
  ...[0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0x0d, ...address(RIGHT)], // tileloadd RIGHT(,%rcx,1), %tmm1
  ...[0xc4, 0xe2, 0x73, 0x5e, 0xd0], // tdpbssd %tmm1, %tmm0, %tmm2
  0xf4, // hlt
]
const STORE = [0xc4, 0xe2, 0x7a, 0x4b, 0x14, 0x0d, ...address(RESULT), 0xf4] // tilestored %tmm2, RESULT(,%rcx,1); hlt

/** Palette 1, with all rows of tiles 0 to 2 (SDM vol. 2, LDTILECFG). */
function configuration(): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes[0] = 1
  for (let tile = 0; tile < 3; tile++) {
    bytes[16 + 2 * tile] = ROW_BYTES
    bytes[48 + tile] = ROWS
  }
  return bytes
}

/** TDPBSSD: each word of the result sums four products of signed bytes for each word of a row (SDM vol. 2). */
function product(left: Int8Array, right: Int8Array): Int32Array {
  const result = new Int32Array(ROWS * WORDS)
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < WORDS; column++)
      for (let k = 0; k < ROW_BYTES; k++) {
        const factor = right[(k >> 2) * ROW_BYTES + column * 4 + (k & 3)]
        result[row * WORDS + column] += left[row * ROW_BYTES + k] * factor
      }
  return result
}

const tile = (seed: number): Int8Array =>
  Int8Array.from({length: ROWS * ROW_BYTES}, (_, i) => seed * i + (i >> 5))
const words = (bytes: Uint8Array): number[] => [...new Int32Array(bytes.slice().buffer)]

describeOn('x86_64', 'AMX', () => {
  test.skipIf(hasAmx)('is KVM_UNUSABLE where KVM has none for guests', () => {
    expect(codeOf(make)).toBe('KVM_UNUSABLE')
  })

  test.runIf(hasAmx)('multiplies tiles, which the host reads and sets by name, and saves', () => {
    using vm = make()
    const vcpu = vm.createVcpu()
    startLongMode(vm, vcpu, {entry: ENTRY, stack: 0x20000})
    vcpu.registers.set({cr4: vcpu.registers.get('cr4') | OSFXSR_OSXSAVE})
    vcpu.part('xcrs').set({xcr0: XCR0})
    const [left, right] = [tile(3), tile(7)]
    vm.memory.write(ENTRY, Uint8Array.from([...MULTIPLY, ...STORE]))
    vm.memory.write(CONFIG, configuration())
    vm.memory.write(LEFT, new Uint8Array(left.buffer))
    vm.memory.write(RIGHT, new Uint8Array(right.buffer))
    expect(vcpu.run().kind).toBe('halt')
    const expected = [...product(left, right)]
    expect(words(vcpu.vectors.get('tmm2'))).toEqual(expected)
    expect(vcpu.vectors.get('tilecfg')).toEqual(configuration())

    const state = vcpu.save()
    const other = Uint8Array.from({length: 1024}, (_, i) => i)
    vcpu.vectors.set({tmm2: other})
    expect(vcpu.vectors.get('tmm2')).toEqual(other)
    vcpu.restore(state)
    expect(vcpu.run().kind).toBe('halt')
    expect(words(vm.memory.read(RESULT, 1024))).toEqual(expected)
  })

  test.runIf(hasAmx)('is in no VM that did not ask for it, before and after', () => {
    using with_ = make()
    using without = Vm.create({memoryBytes: 0x10000})
    const names = (vm: Vm): VectorName[] => vm.createVcpu().vectors.names
    expect([names(with_).includes('tmm7'), names(without).includes('tmm7')]).toEqual([true, false])
    const has = (vm: Vm): boolean => vm.createVcpu().cpuid.has('amx_tile')
    expect([has(with_), has(without)]).toEqual([true, false])
  })
})
