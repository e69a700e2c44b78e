// A timer that has not fired when a VM is saved, and fires in the restored one.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {instructions, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, describeOn, flatImage, MEMORY_BYTES} from '../../../helpers/vm.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-save-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

function moved(vm: Vm): Vm {
  const file = join(folder, 'saved')
  vm.save(file)
  vm[Symbol.dispose]()
  return Vm.restore(file)
}

const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})

describeOn('x86_64', "the PIT's interrupt", () => {
  const out = (port: number, byte: number) => [0xb0, byte, 0xe6, port]

  test('comes by the PIC of the restored VM', async () => {
    const vm = create()
    // Vectors from 8 on; channel 0 counts down once, from 65536.
    const controller = [...out(0x20, 0x11), ...out(0x21, 8), ...out(0x21, 4), ...out(0x21, 1)]
    const timer = [...out(0x43, 0x30), ...out(0x40, 0), ...out(0x40, 0)]
    // sti
    const code = [...controller, ...timer, ...guest.tell(0x81), 0xfb, ...guest.spin]
    addVcpu(vm, 0, code, {rsp: 0x8000n})
    vm.memory.write(0x2000, Uint8Array.from(guest.tell(0x82)))
    vm.memory.write(8 * 4, Uint8Array.of(0, 0x20, 0, 0))
    expect(guest.numberOf(vm.vcpus[0].run())).toBe(0x81)
    using restored = moved(vm)
    const exit = await restored.vcpus[0].runAsync(AbortSignal.timeout(10_000))
    expect(guest.numberOf(exit)).toBe(0x82)
  })
})

describeOn('arm64', "the virtual timer's interrupt", () => {
  /** mov x1, #1000, and some tenths of a second. */
  const [SOON, LATER] = [0xd2807d01, 0xd2a03b81]

  test('comes by the GIC of the restored VM', async () => {
    const vm = create()
    const image = flatImage(`gic-${vm.irqchip!.kind.slice(3)}`)
    const words = new Uint32Array(Uint8Array.from(image).buffer)
    expect(words).toContain(SOON)
    const vcpu = addVcpu(vm, 0, instructions(...words.map((word) => (word === SOON ? LATER : word))))
    while (vcpu.registers.get('cntv_ctl_el0') === 0n)
      expect((await vcpu.runAsync(AbortSignal.timeout(50))).kind).toBe('interrupted')
    using restored = moved(vm)
    const exit = await restored.vcpus[0].runAsync(AbortSignal.timeout(30_000))
    expect(exit).toMatchObject({kind: 'mmio', address: NOWHERE, data: Uint8Array.of(27, 0, 0, 0)})
  })
})
