// Messages on arm64: LPIs of an ITS, sent by the host and by irqfds, saved and restored.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {Exit} from '../../../../src/vm/exit.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeOn, flatImage, MEMORY_BYTES} from '../../../helpers/vm.ts'

/** guests/bare/arch/arm64/flat/lpi-v3.S. */
const [DEVICE, EVENT, LPI] = [7, 3, 8197]
const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
const told = (number: number): Partial<Exit> => ({
  kind: 'mmio',
  address: NOWHERE,
  data: new Uint8Array(Uint32Array.of(number).buffer),
})
const next = (vcpu: Vcpu): Promise<Exit> => vcpu.runAsync(AbortSignal.timeout(10_000))

describeOn('arm64', 'a message', () => {
  test('is an LPI of the guest, now and after it was saved; or the host’s GICv2 takes none', async () => {
    using vm = create()
    const vcpu = addVcpu(vm, 0, flatImage('lpi-v3'))
    const {doorbell, kind} = vm.irqchip!
    if (doorbell === undefined) return expect(kind).toBe('gicv2')
    const message = {address: doorbell, data: EVENT, deviceId: DEVICE}
    // The guest has not switched the ITS on.
    expect(vm.irqchip!.sendMsi(message)).toBe(false)
    expect(await next(vcpu)).toMatchObject(told(0))
    for (const wrong of [{data: EVENT + 1}, {deviceId: 0}, {deviceId: 2 ** 32 - 1}])
      expect(vm.irqchip!.sendMsi({...message, ...wrong})).toBe(false)

    expect(vm.irqchip!.sendMsi(message)).toBe(true)
    expect(await next(vcpu)).toMatchObject(told(LPI))
    using irqfd = vm.irqchip!.irqfd(message)
    irqfd.signal()
    expect(await next(vcpu)).toMatchObject(told(LPI))

    vm.irqchip!.sendMsi(message)
    using other = restored(vm)
    expect(await next(other.vcpus[0])).toMatchObject(told(LPI))
    expect(other.irqchip!.sendMsi(message)).toBe(true)
    expect(await next(other.vcpus[0])).toMatchObject(told(LPI))
    expect(await next(vcpu)).toMatchObject(told(LPI))
  })

  test('is refused at another address, and of no 32 bits', () => {
    using vm = create()
    using _ = vm.createVcpu()
    const {doorbell = 0x08090040} = vm.irqchip!
    for (const message of [
      {address: doorbell + 4, data: EVENT},
      {address: doorbell, data: -1},
      {address: doorbell, data: EVENT, deviceId: 2 ** 32},
    ]) {
      expect(codeOf(() => vm.irqchip!.sendMsi(message))).toBe('BAD_ARGUMENT')
      expect(codeOf(() => vm.irqchip!.irqfd(message))).toBe('BAD_ARGUMENT')
    }
  })

  test('is saved with tables only of as many bytes as there are', () => {
    using vm = create()
    using _ = vm.createVcpu()
    if (vm.irqchip!.doorbell === undefined) return
    const its = vm.part('gic-its')
    its.write(its.read())
    expect(codeOf(() => its.write(new Uint8Array(8)))).toBe('BAD_ARGUMENT')
    // Tables outside of the memory: GITS_BASER0 valid, and switched on.
    const hostile = new BigUint64Array(its.read().slice().buffer)
    hostile[4] = (1n << 63n) | 0xff0000000000n
    expect(codeOf(() => its.write(new Uint8Array(hostile.buffer)))).toBe('BAD_ARGUMENT')
  })
})

function restored(vm: Vm): Vm {
  const folder = mkdtempSync(join(tmpdir(), 'hv-messages-'))
  try {
    vm.save(join(folder, 'saved'))
    return Vm.restore(join(folder, 'saved'))
  } finally {
    rmSync(folder, {recursive: true})
  }
}
