// Irqchip.status: an interrupt's status and acknowledgement, which a vCPU's thread answers.

import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import type {Irqchip} from '../../../src/vm/irqchip.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {seededRandom} from '../../helpers/mutate.ts'
import {codeOf, describeKvm, MEMORY_BYTES} from '../../helpers/vm.ts'

const SEED = 20261203
const GSI = 20
const isX86 = arch.name === 'x86_64'
const registers = isX86
  ? ({space: 'port', status: 0x600, acknowledge: 0x604} as const)
  : ({space: 'memory', status: 0x0a000060, acknowledge: 0x0a000064} as const)
const other = {...registers, status: registers.status + 0x100, acknowledge: registers.acknowledge + 0x100}

const bytesOf = (words: readonly number[]): number[] => [...new Uint8Array(Uint32Array.from(words).buffer)]
/** Acknowledges the first cause, then reads the status. */
const handler = isX86
  ? // mov $1,%eax; mov $0x604,%dx; out %eax,(%dx); mov $0x600,%dx; in (%dx),%eax
    [0x66, 0xb8, 1, 0, 0, 0, 0xba, 4, 6, 0x66, 0xef, 0xba, 0, 6, 0x66, 0xed]
  : // str w1,[x0]; ldr w2,[x3]
    bytesOf([0xb9000001, 0xb9400062])
const taken = isX86 ? {} : {x0: BigInt(registers.acknowledge), x1: 1n, x3: BigInt(registers.status)}

const create = (): Vm => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
const irqchipOf = (vm: Vm): Irqchip => vm.irqchip!

describeKvm('the status of an interrupt', () => {
  test('is read and acknowledged without an exit', () => {
    using vm = create()
    const status = irqchipOf(vm).status(GSI, registers)
    const vcpu = guest.start(vm, guest.at, [...handler, ...guest.tell(1)], taken)
    status.add(0b11)
    expect(guest.numberOf(vcpu.run())).toBe(1)
    expect([vcpu.registers.get(isX86 ? 'rax' : 'x2'), status.value]).toEqual([2n, 2])
  })

  test.runIf(isX86)('raises its input while it or another of that input is not 0', () => {
    using vm = create()
    vm.createVcpu()
    const all = [registers, other].map((each) => irqchipOf(vm).status(GSI, each))
    const random = seededRandom(SEED)
    for (let step = 0; step < 300; step++) {
      const status = all[random(2)]
      if (random(2) === 1) status.add(1 << random(3))
      else status.remove(1 << random(3))
      const isHigh = (vm.part('ioapic').get('irr') & (1n << BigInt(GSI))) !== 0n
      expect(isHigh).toBe(all.some(({value}) => value !== 0))
    }
  })

  test('needs an input and places that there are', () => {
    using vm = create()
    const refused = [
      () => irqchipOf(vm).status(1000, registers),
      () => irqchipOf(vm).status(GSI, {...registers, status: -1}),
    ]
    for (const ask of refused) expect(codeOf(ask)).toBe('BAD_ARGUMENT')
    for (let at = 0; at < 128; at++)
      irqchipOf(vm).status(GSI, {
        space: 'memory',
        status: 0x10000000 + 8 * at,
        acknowledge: 0x10000004 + 8 * at,
      })
    expect(codeOf(() => irqchipOf(vm).status(GSI, registers))).toBe('BAD_ARGUMENT')
  })

  test('is gone with its VM', () => {
    const vm = create()
    const status = irqchipOf(vm).status(GSI, registers)
    vm[Symbol.dispose]()
    expect(codeOf(() => status.add(1))).toBe('DISPOSED')
  })
})
