// Vm.start: vCPUs that run by themselves, whose exits listeners answer.

import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {type Exit, isAccess} from '../../../src/vm/exit.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import type {Vm} from '../../../src/vm/vm.ts'
import {instructions, NOWHERE} from '../../helpers/arm64-code.ts'
import {guest} from '../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeKvm, describeOn, standingBefore} from '../../helpers/vm.ts'
import {enterProtectedMode} from '../../helpers/x86-modes.ts'

const {tell, spin, stop, numberOf, load} = guest
const isX86 = arch.name === 'x86_64'
/** Asks for a byte, which goes into the register `answered`: in $0x70, %al. */
const ask = isX86 ? [0xe4, 0x70] : load(NOWHERE)
const answered = isX86 ? 'rax' : 'x10'
/** x86_64: ud2 without handlers. arm64: mov w0, #8; movk w0, #0x8400, lsl #16; hvc #0. */
const shutDown = isX86 ? [0x0f, 0x0b] : instructions(0x52800100, 0x72b08000, 0xd4000002)

function shuttingDown() {
  const standing = standingBefore(shutDown)
  if (!isX86) return standing
  enterProtectedMode(standing.vcpu, guest.at)
  standing.vcpu.registers.set({'idt.base': 0n, 'idt.limit': 0n})
  return standing
}

const stopped = (vm: Vm): Promise<void> => new Promise((resolve) => vm.on('stop', resolve))

describeKvm('a VM that is started', () => {
  test('tells its listeners of each exit, and goes on', async () => {
    const {vm} = standingBefore([...[1, 2, 3].flatMap(tell), ...spin])
    using _ = vm
    const told: number[] = []
    vm.on('exit', (exit) => {
      told.push(numberOf(exit))
      if (told.length === 3) vm.stop()
    })
    vm.start()
    await stopped(vm)
    expect(told).toEqual([1, 2, 3])
  })

  test('runs its vCPUs side by side, and says whose exit it is', async () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...spin])
    using _ = vm
    const second = addVcpu(vm, 0x1000, [...tell(2), ...spin])
    const told = new Map<Vcpu, number>()
    vm.on('exit', (exit, whose) => {
      told.set(whose, numberOf(exit))
      if (told.size === 2) vm.stop()
    })
    vm.start()
    await stopped(vm)
    expect(told).toEqual(
      new Map([
        [vcpu, 1],
        [second, 2],
      ]),
    )
  })

  test('takes the answer of a listener that takes its time, and asks the next one behind it', async () => {
    const {vm, vcpu} = standingBefore([...ask, ...tell(1), ...spin])
    using _ = vm
    const order: string[] = []
    vm.on('exit', async (exit) => {
      await sleep(5)
      order.push('first')
      if (isAccess(exit) && order.length === 1) exit.data[0] = 42
    })
    vm.on('exit', () => {
      order.push('second')
      if (order.length === 4) vm.stop()
    })
    vm.start()
    await stopped(vm)
    expect(order).toEqual(['first', 'second', 'first', 'second'])
    expect(vcpu.registers.get(answered) & 0xffn).toBe(42n)
  })

  test('stops when it is asked to, and can be started again', async () => {
    const {vm, vcpu} = standingBefore([...spin])
    using _ = vm
    const told: Exit[] = []
    vm.on('exit', (exit) => told.push(exit))
    for (let i = 0; i < 3; i++) {
      vm.start()
      vm.start()
      expect(codeOf(() => vcpu.registers.getAll())).toBe('VCPU_BUSY')
      await vm.stop()
      expect(vcpu.registers.get(guest.programCounter)).toBe(BigInt(guest.at))
    }
    await vm.stop()
    expect(told).toEqual([])
  })

  test('stops for a listener that waits for it', async () => {
    const {vm} = standingBefore([...tell(1), ...spin])
    using _ = vm
    addVcpu(vm, 0x1000, spin)
    vm.on('exit', () => vm.stop())
    vm.start()
    await stopped(vm)
  })

  test('tells of an interrupt that somebody else makes', async () => {
    const {vm, vcpu} = standingBefore([...spin])
    using _ = vm
    const told = new Promise<Exit>((resolve) => vm.on('exit', resolve))
    vm.start()
    vcpu.interrupt()
    expect(await told).toEqual({kind: 'interrupted'})
  })

  test('ends with its vCPUs, or with itself', async () => {
    const {vm, vcpu} = standingBefore(spin)
    vm.on('exit', () => expect.unreachable())
    vm.start()
    const first = stopped(vm)
    vcpu[Symbol.dispose]()
    await first
    addVcpu(vm, 0x1000, spin)
    vm.start()
    const second = stopped(vm)
    vm[Symbol.dispose]()
    await second
    expect(codeOf(() => vm.start())).toBe('DISPOSED')
    await vm.stop()
  })

  test('does not go on behind a shutdown', async () => {
    const {vm} = shuttingDown()
    using _ = vm
    const told: string[] = []
    vm.on('exit', ({kind}) => told.push(kind))
    vm.start()
    await stopped(vm)
    expect(told).toEqual(['shutdown'])
  })

  test('may be disposed of by a listener', async () => {
    const {vm} = standingBefore([...tell(1), ...spin])
    vm.on('exit', () => vm[Symbol.dispose]())
    vm.start()
    await stopped(vm)
  })

  test('tells of an error, which stops all vCPUs', async () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...spin])
    using _ = vm
    addVcpu(vm, 0x1000, spin)
    const failure = new Error('a listener’s')
    const told: unknown[] = []
    vm.on('exit', async () => {
      throw failure
    })
    vm.on('error', (...args) => told.push(...args))
    vm.start()
    await stopped(vm)
    expect(told).toEqual([failure, vcpu])
    expect(vm.vcpus.map((each) => codeOf(() => each.registers.getAll()))).toEqual(
      Array(2).fill('nothing was thrown'),
    )
  })

  test('hears of a listener no more that was taken away', async () => {
    const {vm} = standingBefore([...[1, 2].flatMap(tell), ...spin])
    using _ = vm
    const told: number[] = []
    const first = (exit: Exit): void => {
      told.push(numberOf(exit))
      vm.off('exit', first)
      vm.off('exit', first)
    }
    vm.on('exit', first).on('exit', (exit) => {
      if (numberOf(exit) === 2) vm.stop()
    })
    vm.start()
    await stopped(vm)
    expect(told).toEqual([1])
  })

  test('calls a listener of one event once, unless it is taken away before', async () => {
    const {vm} = standingBefore([...[1, 2, 3].flatMap(tell), ...spin])
    using _ = vm
    const told: number[] = []
    const never = (): void => expect.unreachable()
    vm.once('exit', never).off('exit', never)
    vm.once('exit', (exit) => {
      told.push(numberOf(exit))
      vm.once('exit', (next) => told.push(numberOf(next)))
    })
    vm.on('exit', (exit) => {
      if (numberOf(exit) === 3) vm.stop()
    })
    vm.start()
    await new Promise<void>((resolve) => vm.once('stop', resolve))
    expect(told).toEqual([1, 2])
  })

  test('needs a listener, and knows its events', () => {
    const {vm} = standingBefore(stop)
    using _ = vm
    expect(codeOf(() => vm.start())).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.on('exits' as never, undefined as never))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.on('exit', 'listener' as never))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.once('exits' as never, undefined as never))).toBe('BAD_ARGUMENT')
  })
})

describeOn('x86_64', 'a vCPU that has shut down', () => {
  test('goes on when its listener has mended it and starts it again', async () => {
    const {vm, vcpu} = shuttingDown()
    using _ = vm
    const again = guest.at + 0x100
    vm.memory.write(again, Uint8Array.from([...tell(1), ...spin]))
    const told: string[] = []
    vm.on('exit', ({kind}) => {
      told.push(kind)
      if (told.length > 1) {
        vm.stop()
        return
      }
      enterProtectedMode(vcpu, again)
      vm.start()
    })
    vm.start()
    await stopped(vm)
    expect(told).toEqual(['shutdown', 'io'])
  })
})
