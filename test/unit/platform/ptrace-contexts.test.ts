// PtracePlatform: contexts that take turns in processes, what stops them, and what their faults report.

import {spawn} from 'node:child_process'
import {expect, test} from 'vitest'
import {SIGSEGV} from '../../../src/abi/signal.ts'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {
  ACCESS_UNKNOWN,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/platform/platform.ts'
import {describePtrace, openPtrace, pidOf} from '../../helpers/ptrace.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'

const DATA_ADDRESS = 0x20000
const SEEDS = [0x1111_2222_3333_4401n, 0x5555_6666_7777_0802n]
/** Far more than the deadline, but far less than for ever. */
const RESCUE_S = 5

const soon = (): number => addon.monotonicNs() + 2e7
const elapsedSince = (startNs: number): number => (addon.monotonicNs() - startNs) / 1e9

describePtrace('contexts', () => {
  test('that take turns in one space keep all their registers', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const contexts = SEEDS.map((seed) => contextAt(platform, seed))
    for (let turn = 0; turn < 20; turn++) {
      const context = contexts[(turn % 3) & 1]
      platform.resume(context, space)
      expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_SYSCALL)
      expect(platform.trapped).toBe(context)
      context.setResult(turn)
    }
    contexts.forEach((context, index) => {
      expectKept(context, SEEDS[index])
    })
  })

  test('that move to another space keep all their registers', () => {
    using platform = openPtrace()
    const code = storeCode(platform, arch.callLoop)
    const spaces = [spaceWith(platform, code), spaceWith(platform, code)]
    const context = contextAt(platform, SEEDS[0])
    for (let turn = 0; turn < 10; turn++) {
      platform.resume(context, spaces[turn % 2])
      expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_SYSCALL)
    }
    expectKept(context, SEEDS[0])
  })

  test('have nothing of one that ended in a call in their space', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const [first, second] = SEEDS.map((seed) => contextAt(platform, seed))
    platform.resume(first, space)
    platform.wait(Number.POSITIVE_INFINITY)
    first.dispose()
    platform.resume(second, space)
    expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_SYSCALL)
    expectKept(second, SEEDS[1])
  })

  test('that compute are stopped by the deadline and by an interruption', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const context = contextAt(platform, SEEDS[0])
    platform.resume(context, space)
    expect(platform.wait(soon())).toBe(EVENT_DEADLINE)
    expect(platform.wait(soon())).toBe(EVENT_DEADLINE)
    platform.interrupt(context)
    expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_PREEMPTED)
    expect(arch.programCounter(context.readRegisters())).toBe(CODE_ADDRESS)
    expectKept(context, SEEDS[0])
  })

  test('are stopped by the deadline still when others are disposed of', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const [context, other] = SEEDS.map((seed) => contextAt(platform, seed))
    platform.resume(context, space)
    expect(platform.wait(soon())).toBe(EVENT_DEADLINE)
    other.dispose()
    const rescue = spawn('sh', ['-c', `sleep ${RESCUE_S}; kill -STOP ${pidOf(space)}`])
    const startNs = addon.monotonicNs()
    expect(platform.wait(soon())).toBe(EVENT_DEADLINE)
    rescue.kill()
    expect(elapsedSince(startNs)).toBeLessThan(RESCUE_S / 2)
  })
})

describePtrace('a page fault', () => {
  test('is a guess once, is known when that did not mend it, and ends with a mapping that does', () => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, userCode.store))
    const context = contextAt(platform, SEEDS[0])
    const registers = context.readRegisters()
    registers[userCode.pointer] = BigInt(DATA_ADDRESS)
    context.writeRegisters(registers)
    const accesses = [1, 2, 3].map(() => {
      platform.resume(context, space)
      expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_FAULT)
      const {fault} = context
      expect(fault).toMatchObject({isPageFault: true, address: DATA_ADDRESS, signal: SIGSEGV})
      return fault.access
    })
    expect(accesses).toEqual([ACCESS_UNKNOWN, PROT_WRITE, PROT_WRITE])
    space.map(DATA_ADDRESS, PAGE_SIZE, platform.memory.allocate(PAGE_SIZE), PROT_READ | PROT_WRITE)
    platform.resume(context, space)
    expect(platform.wait(soon())).toBe(EVENT_DEADLINE)
  })
})
