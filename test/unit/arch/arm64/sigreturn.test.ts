// rt_sigreturn(2) on arm64, with sound frames and with hostile ones.

import {describe, expect, test} from 'vitest'
import {Errno} from '../../../../src/abi/errno.ts'
import type {SignalFrame} from '../../../../src/arch/architecture.ts'
import * as reg from '../../../../src/arch/arm64/registers.ts'
import {popSignalFrame} from '../../../../src/arch/arm64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {BASE, enter, STACK} from './entering.ts'
import {FakeContext, FLAGS} from './fake-context.ts'

describe('sigreturn of arm64', () => {
  const UC = 128
  const RESERVED = UC + 176 + 288
  const PSTATE = UC + 176 + 8 + 8 * reg.PSTATE

  /** Enters a handler, lets it change its frame, and returns. */
  function returnWith(change: (frame: DataView) => void, changes: Partial<SignalFrame> = {}) {
    const {context, memory, before, push} = enter(STACK, changes)
    change(memory.view(push(), 4688))
    context.fpState.fill(0xee)
    return {context, before, pop: () => popSignalFrame(context, memory)}
  }

  test('brings back every register, the FP state, the mask and the stack', () => {
    const stack = new AlternateStack()
    stack.set({sp: BASE, flags: 0, size: 8192}, STACK)
    const {context, before, pop} = returnWith(() => {}, {stack})
    const returned = pop()
    expect(context.registers).toEqual(before)
    expect(context.fpState).toEqual(new FakeContext(0).fpState)
    expect([...returned.mask]).toEqual([1, 34])
    expect(returned.stack).toEqual({sp: BASE, flags: 0, size: 8192})
    expect(returned.stackPointer).toBe(STACK)
    expect(returned.isBroken).toBe(false)
  })

  test('lets a frame choose what a program may have of PSTATE, and nothing else', () => {
    const {context, pop} = returnWith((frame) => frame.setBigUint64(PSTATE, 0xffff_ffff_ffff_fc20n, true))
    pop()
    expect(context.registers[reg.PSTATE]).toBe(0xf300_1c00n)
  })

  const first = (magic: number, size: number) => (frame: DataView) => {
    frame.setUint32(RESERVED, magic, true)
    frame.setUint32(RESERVED + 4, size, true)
  }
  const extra = (change: (frame: DataView, at: number) => void) => (frame: DataView) => {
    const at = RESERVED + 528
    frame.setUint32(at, 0x45585401, true)
    frame.setUint32(at + 4, 32, true)
    frame.setBigUint64(at + 8, BigInt(STACK - 16 - 4688 + at + 48), true)
    frame.setUint32(at + 16, 16, true)
    frame.setBigUint64(at + 32, 0n, true)
    change(frame, at)
  }

  test('takes a frame with empty extra space', () => {
    const {pop} = returnWith(extra(() => {}))
    expect(pop().isBroken).toBe(false)
  })

  test.each<[string, (frame: DataView) => void]>([
    ['wants EL1', (frame) => frame.setBigUint64(PSTATE, FLAGS | 5n, true)],
    ['wants AArch32', (frame) => frame.setBigUint64(PSTATE, FLAGS | 0x10n, true)],
    ['masks interrupts', (frame) => frame.setBigUint64(PSTATE, FLAGS | 0x80n, true)],
    ['has no FP record', first(0, 0)],
    ['has a terminator with a size', first(0, 16)],
    ['has an unknown record', first(0x1234_5678, 528)],
    ['has SVE registers', first(0x5356_4501, 528)],
    ['has an FP record of another size', first(0x4650_8001, 512)],
    ['has an FP record smaller than its head', first(0x4650_8001, 0)],
    ['has a record that ends behind the space', first(0x4553_5201, 4112)],
    ['has a record of almost 4 GiB', first(0x4553_5201, 0xffff_fff0)],
    ['has a record that is not aligned', first(0x4553_5201, 24)],
    ['has records up to the end, and no terminator', first(0x4553_5201, 4096)],
    ['has extra space elsewhere', extra((frame, at) => frame.setBigUint64(at + 8, BigInt(BASE), true))],
    ['has extra space of an odd size', extra((frame, at) => frame.setUint32(at + 16, 24, true))],
    ['has more extra space than any frame', extra((frame, at) => frame.setUint32(at + 16, 256 << 10, true))],
    [
      'has extra space without a terminator before it',
      extra((frame, at) => frame.setUint32(at + 32, 1, true)),
    ],
    ['has an extra record that is cut short', extra((frame, at) => frame.setUint32(at + 4, 16, true))],
    ['has extra space in extra space', extra((frame, at) => frame.setUint32(at + 48, 0x45585401, true))],
  ])('finds broken a frame that %s: its registers count, its FP state does not', (_, change) => {
    const {context, before, pop} = returnWith(change)
    expect(pop()).toMatchObject({isBroken: true, stack: undefined})
    expect(context.registers).toEqual(before)
    expect(context.fpState.every((byte) => byte === 0xee)).toBe(true)
  })

  test.each([8n, 1n])('refuses a stack pointer that is %d bytes off', (skew) => {
    const {context, pop} = returnWith(() => {})
    context.registers[reg.SP] += skew
    expect(pop).toThrow(Errno)
  })

  test('takes or refuses any frame, and does nothing else', () => {
    const magics = [0, 0x46508001, 0x45535201, 0x45585401, 0x53564501, 0xffff_ffff]
    const sizes = [0, 8, 15, 16, 32, 528, 544, 4096, 0x7fff_fff0, 0xffff_ffff]
    let taken = 0
    for (let seed = 0; seed < 5000; seed++) {
      const random = seededRandom(seed)
      const {context, before, pop} = returnWith((frame) => {
        for (let change = random(4); change > 0; change--) {
          const record = RESERVED + [0, 528, 544, 560, 576][random(5)]
          frame.setUint32(record, magics[random(magics.length)], true)
          frame.setUint32(record + 4, sizes[random(sizes.length)], true)
          if (random(2) === 0) frame.setUint32(record + 4 * random(8), random(2 ** 31), true)
        }
      })
      if (!pop().isBroken) taken++
      expect(context.registers, `seed ${seed}`).toEqual(before)
    }
    expect(taken).toBeGreaterThan(500)
    expect(taken).toBeLessThan(4500)
  })
})
