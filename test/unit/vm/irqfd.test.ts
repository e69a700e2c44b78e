// Irqfds: signals of an eventfd that interrupt a guest.

import {execFileSync} from 'node:child_process'
import {closeSync, openSync, readSync, writeSync} from 'node:fs'
import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {GSI, interrupted, isTaken, LOOPED} from '../../helpers/interrupts.ts'
import {codeOf, describeKvm, describeOn, MEMORY_BYTES} from '../../helpers/vm.ts'

const ONE = new Uint8Array(BigUint64Array.of(1n).buffer)
const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})

describeKvm('an irqfd', () => {
  test('interrupts at each signal, by call, by its descriptor, and from another process', async () => {
    const {vm, taken} = await interrupted(false)
    using _ = vm
    using irqfd = vm.irqchip!.irqfd(GSI)
    const other = 'require("node:fs").writeSync(3, new Uint8Array(BigUint64Array.of(1n).buffer))'
    const signals = [
      () => irqfd.signal(),
      () => writeSync(irqfd.fd, ONE),
      () => execFileSync(process.execPath, ['-e', other], {stdio: ['ignore', 'ignore', 'inherit', irqfd.fd]}),
    ]
    for (const signal of signals) {
      const next = taken()
      signal()
      expect(isTaken(await next)).toBe(true)
    }
  })

  test('that is level-triggered tells when the guest has taken the interrupt', async () => {
    const {vm, vcpu, taken} = await interrupted(true)
    using _ = vm
    let told = 0
    let tell = (): void => {}
    using irqfd = vm.irqchip!.irqfd(GSI, {
      resample: () => {
        told++
        tell()
      },
    })
    for (let i = 1; i <= 2; i++) {
      const next = taken()
      irqfd.signal()
      expect(isTaken(await next)).toBe(true)
      expect(told).toBe(i - 1)
      const resampled = new Promise<void>((resolve) => {
        tell = resolve
      })
      const run = vcpu.runAsync()
      await resampled
      vcpu.interrupt()
      expect((await run).kind).toBe('interrupted')
    }
  })

  test('has a descriptor for who reads when the guest has taken it', async () => {
    const {vm, vcpu, taken} = await interrupted(true)
    using _ = vm
    using irqfd = vm.irqchip!.irqfd(GSI, {resample: true})
    irqfd.signal()
    expect(isTaken(await taken())).toBe(true)
    const counter = new BigUint64Array(1)
    expect(() => readSync(irqfd.resampleFd!, counter)).toThrow('EAGAIN')
    await vcpu.runAsync(AbortSignal.timeout(300))
    readSync(irqfd.resampleFd!, counter)
    expect(counter[0]).toBe(1n)
  })

  test('interrupts no more when it is disposed of, and then another may have its eventfd', async () => {
    const {vm, taken} = await interrupted(false)
    using _ = vm
    using bell = vm.ioeventfd({space: 'memory', address: 0x0b000000})
    const first = vm.irqchip!.irqfd(GSI, {fd: bell.fd})
    expect(codeOf(() => vm.irqchip!.irqfd(6, {fd: bell.fd}))).toBe('BAD_ARGUMENT')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(codeOf(() => first.signal())).toBe('DISPOSED')
    using second = vm.irqchip!.irqfd(GSI, {fd: bell.fd})
    const next = taken()
    second.signal()
    expect(isTaken(await next)).toBe(true)
  })

  test('is none of another input, of a descriptor that is no eventfd, of wrong options', () => {
    using vm = create()
    guest.start(vm, guest.at, guest.stop, {})
    const {lines} = vm.irqchip!
    const file = openSync('/dev/null', 'r')
    try {
      for (const gsi of [-1, 0.5, lines]) expect(codeOf(() => vm.irqchip!.irqfd(gsi))).toBe('BAD_ARGUMENT')
      for (const options of [{fd: file}, {fd: -1}, {fd: 1e6}, {resample: false}, {level: true}])
        expect(codeOf(() => vm.irqchip!.irqfd(GSI, options as never))).toBe('BAD_ARGUMENT')
    } finally {
      closeSync(file)
    }
  })

  test('goes with its VM', () => {
    const vm = create()
    guest.start(vm, guest.at, guest.stop, {})
    const irqfd = vm.irqchip!.irqfd(GSI, {resample: true})
    vm[Symbol.dispose]()
    expect(() => writeSync(irqfd.fd, ONE)).toThrow('EBADF')
    expect(codeOf(() => irqfd.signal())).toBe('DISPOSED')
    expect(codeOf(() => vm.irqchip!.irqfd(GSI))).toBe('DISPOSED')
    irqfd[Symbol.dispose]()
  })
})

describeOn('x86_64', 'an ioeventfd whose descriptor is an irqfd’s', () => {
  test('lets a guest interrupt itself, and nobody else hears of it', async () => {
    const {vm, taken} = await interrupted(false)
    using _ = vm
    const bell = vm.ioeventfd({space: 'port', address: LOOPED})
    vm.irqchip!.irqfd(GSI, {fd: bell.fd})
    expect(isTaken(await taken())).toBe(true)
    expect(arch.name).toBe('x86_64')
  })
})
