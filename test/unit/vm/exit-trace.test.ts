// Vm.trace: a line for each exit, with the answers of reads; few lines for many exits.

import {expect, test} from 'vitest'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, describeOn, standingBefore} from '../../helpers/vm.ts'

/** The guest `code`, whose trace is written to `lines`. */
function traced(code: readonly number[], limits = {}) {
  const standing = standingBefore(code)
  const lines: string[] = []
  const told: (Vcpu | undefined)[] = []
  const trace = standing.vm.trace((line, vcpu) => {
    lines.push(line)
    told.push(vcpu)
  }, limits)
  return {...standing, lines, told, trace}
}

const numbered = (length: number) => Array.from({length}, (_, index) => guest.tell(index + 1)).flat()

describeKvm('a trace', () => {
  test('has a line for each exit: number, vCPU, address, kind and data', async () => {
    const {vm, vcpu, lines, told} = traced(numbered(2))
    using _ = vm
    vcpu.run()
    await vcpu.runAsync()
    expect(lines).toHaveLength(2)
    const kind = guest.memoryBase === 0 ? 'io out' : '(mmio write|hypercall)'
    for (const [index, line] of lines.entries())
      expect(line).toMatch(RegExp(`^${index + 1} vcpu0 0x[0-9a-f]+ ${kind} .*0x`))
    expect(told).toEqual([vcpu, vcpu])
  })

  test('tells of an exit that comes again and again once, and then how often it came', () => {
    const {vm, vcpu, lines, trace} = traced(guest.repeat([...guest.tell(7)]))
    using _ = vm
    for (let i = 0; i < 100; i++) vcpu.run()
    expect(lines).toHaveLength(1)
    trace[Symbol.dispose]()
    expect(lines.slice(1)).toEqual(['and 99 more of the same'])
    vcpu.run()
    expect(lines).toHaveLength(2)
  })

  test('ends after as many lines as it may have', () => {
    const {vm, vcpu, lines} = traced(guest.repeat(numbered(5)), {maxLines: 3})
    using _ = vm
    for (let i = 0; i < 20; i++) vcpu.run()
    expect(lines.slice(2)).toEqual(['the trace ends after 3 lines'])
  })

  test('lets its listener read registers, but neither run nor save the vCPU', () => {
    const {vm, vcpu} = standingBefore(numbered(2))
    using _ = vm
    const codes: string[] = []
    using _trace = vm.trace(() => {
      vcpu.registers.getAll()
      codes.push(
        codeOf(() => vcpu.run()),
        codeOf(() => vcpu.save()),
      )
    })
    vcpu.run()
    expect(codes).toEqual(['VCPU_BUSY', 'VCPU_BUSY'])
    expect(vcpu.run().kind).not.toBe('interrupted')
  })

  test('survives a listener that disposes of the VM, and throws what its listener throws', async () => {
    const {vm, vcpu} = standingBefore(numbered(2))
    using _ = vm
    const trace = vm.trace(() => {
      throw new RangeError('full')
    })
    await expect(vcpu.runAsync()).rejects.toThrow('full')
    trace[Symbol.dispose]()
    vm.trace(() => vm[Symbol.dispose]())
    expect(await vcpu.runAsync()).toEqual({kind: 'interrupted'})
  })

  test('refuses a second one, and what it cannot take', () => {
    const {vm, trace} = traced(guest.stop)
    using _ = vm
    expect(codeOf(() => vm.trace())).toBe('BAD_ARGUMENT')
    trace[Symbol.dispose]()
    expect(codeOf(() => vm.trace(5 as never))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.trace(() => {}, {maxLines: 0}))).toBe('BAD_ARGUMENT')
    vm.trace(() => {})
  })
})

describeOn('x86_64', 'a trace of ports', () => {
  test('has the value that a read was answered with, and all values of a string instruction', () => {
    // in $0x60, %al; mov $3, %cx; mov $0x3000, %si; mov $0x80, %dx; rep outsb; hlt
    const code = [0xe4, 0x60, 0xb9, 3, 0, 0xbe, 0, 0x30, 0xba, 0x80, 0, 0xf3, 0x6e, 0xf4]
    const {vm, vcpu, lines, trace} = traced(code)
    using _ = vm
    vm.memory.write(0x3000, Uint8Array.of(1, 2, 3))
    for (let exit = vcpu.run(); exit.kind !== 'halt'; exit = vcpu.run())
      if (exit.kind === 'io' && exit.direction === 'in') exit.data[0] = 42
    trace[Symbol.dispose]()
    const about = lines.map((line) => line.replace(/^\d+ vcpu0 0x[0-9a-f]+ /, ''))
    expect(about[0]).toBe('io in 0x60 0x2a')
    expect(about.at(-1)).toBe('halt')
    expect(about.slice(1, -1).join()).toMatch(
      /^io out 0x80 (010203 \(3 times 1\)|0x01,io out 0x80 0x02,io out 0x80 0x03)$/,
    )
  })
})
