// rt_sigreturn(2) on x86_64, with sound frames and with hostile ones.

import {describe, expect, test} from 'vitest'
import * as reg from '../../../../src/arch/x86_64/registers.ts'
import {popSignalFrame} from '../../../../src/arch/x86_64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {
  BASE,
  enter,
  isHere,
  NO_FAULT,
  offsetOf,
  push,
  returnFromHandler,
  STACK,
  useOffsets,
} from './entering.ts'
import {FP_BYTES} from './fake-context.ts'

useOffsets()

describe.skipIf(!isHere)('sigreturn (only x86_64)', () => {
  test('brings back every register, the FP state, the mask and the stack', () => {
    const {context, memory, before, fpBefore} = enter()
    const stack = new AlternateStack()
    stack.set({sp: BASE, flags: 0, size: 8192}, STACK)
    push(context, memory, {stack, fault: NO_FAULT})
    returnFromHandler(context)
    const returned = popSignalFrame(context, memory)

    const saved = [...Array(reg.ORIG_RAX).keys(), reg.RIP, reg.EFLAGS, reg.RSP, reg.CS, reg.SS, reg.FS_BASE]
    for (const register of saved) expect(context.registers[register], `${register}`).toBe(before[register])
    expect(context.fpState).toEqual(fpBefore)
    expect([...returned.mask]).toEqual([1, 34])
    expect(returned.stack).toEqual({sp: BASE, flags: 0, size: 8192})
  })

  test('lets a frame choose user flags only, and no selector', () => {
    const {context, memory} = enter()
    push(context, memory)
    const sigcontext = Number(context.registers[reg.RDX]) + offsetOf('ucontext.uc_mcontext')
    memory.view(sigcontext + offsetOf('sigcontext.eflags'), 8).setBigUint64(0, 0xffff_ffffn, true)
    memory.view(sigcontext + offsetOf('sigcontext.cs'), 2).setUint16(0, 0x10, true)
    memory.view(sigcontext + offsetOf('sigcontext.ss'), 2).setUint16(0, 0, true)
    returnFromHandler(context)
    popSignalFrame(context, memory)
    expect(context.registers[reg.EFLAGS]).toBe(0x50fd7n)
    expect(context.registers[reg.CS]).toBe(0x33n)
    expect(context.registers[reg.SS]).toBe(0x2bn)
  })

  test('takes what a handler wrote into a vector register that was not in use', () => {
    const {context, memory} = enter()
    new DataView(context.fpState.buffer).setBigUint64(512, 0n, true)
    push(context, memory)
    const sigcontext = Number(context.registers[reg.RDX]) + offsetOf('ucontext.uc_mcontext')
    const fp = Number(memory.view(sigcontext + offsetOf('sigcontext.fpstate'), 8).getBigUint64(0, true))
    memory.view(fp + 160, 16).setUint32(0, 0x4444, true)
    returnFromHandler(context)
    popSignalFrame(context, memory)
    const state = new DataView(context.fpState.buffer)
    expect(state.getUint32(160, true)).toBe(0x4444)
    expect(state.getUint32(176, true)).toBe(0)
    expect(state.getUint16(0, true)).toBe(0x37f)
    expect(state.getBigUint64(512, true)).toBe(3n)
  })

  /** Enters a handler, lets `spoil` change the FP state in the frame, and returns. */
  function returnWith(spoil: (fp: DataView, pointer: DataView) => void) {
    const {context, memory, before, fpBefore} = enter()
    push(context, memory)
    const sigcontext = Number(context.registers[reg.RDX]) + offsetOf('ucontext.uc_mcontext')
    const pointer = memory.view(sigcontext + offsetOf('sigcontext.fpstate'), 8)
    spoil(memory.view(Number(pointer.getBigUint64(0, true)), FP_BYTES + 4), pointer)
    returnFromHandler(context)
    const {isBroken} = popSignalFrame(context, memory)
    return {context, before, fpBefore, isBroken}
  }

  test('makes the FP state initial when the frame has none', () => {
    const {context, isBroken} = returnWith((_, pointer) => pointer.setBigUint64(0, 0n, true))
    expect(isBroken).toBe(false)
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(0n)
  })

  test('takes the legacy part alone when a magic number is wrong', () => {
    const {context, fpBefore, isBroken} = returnWith((fp) => fp.setUint32(FP_BYTES, 0, true))
    expect(isBroken).toBe(false)
    expect(context.fpState.subarray(0, 464)).toEqual(fpBefore.subarray(0, 464))
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(3n)
    expect(context.fpState.subarray(576).every((byte) => byte === 0)).toBe(true)
  })

  test.each<[string, (fp: DataView, pointer: DataView) => void]>([
    ['reserved bits of MXCSR', (fp) => fp.setUint32(24, 0xffff_0000, true)],
    ['a compacted format', (fp) => fp.setBigUint64(520, 1n << 63n, true)],
    ['header bytes that are reserved', (fp) => fp.setUint8(535, 1)],
    ['a component that is not there', (fp) => fp.setUint8(519, 0x40)],
    [
      'an unaligned FP state',
      (_, pointer) => pointer.setBigUint64(0, pointer.getBigUint64(0, true) + 8n, true),
    ],
    ['an FP state outside memory', (_, pointer) => pointer.setBigUint64(0, 0xffff_8000_0000_0000n, true)],
  ])('finds broken a frame with %s: its registers count, the FP state is initial', (_, spoil) => {
    const {context, before, isBroken} = returnWith(spoil)
    expect(isBroken).toBe(true)
    for (const register of [reg.RIP, reg.RSP, reg.R15])
      expect(context.registers[register]).toBe(before[register])
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(0n)
  })

  test('takes any other header byte', () => {
    expect(returnWith((fp) => fp.setUint8(570, 1)).isBroken).toBe(false)
  })

  test('takes any program counter: the processor judges it', () => {
    const {context, memory} = enter()
    push(context, memory)
    const sigcontext = Number(context.registers[reg.RDX]) + offsetOf('ucontext.uc_mcontext')
    memory.view(sigcontext + offsetOf('sigcontext.rip'), 8).setBigUint64(0, 0x8000_0000_0000_0000n, true)
    returnFromHandler(context)
    popSignalFrame(context, memory)
    expect(context.registers[reg.RIP]).toBe(0x8000_0000_0000_0000n)
  })
})
