// The signal frame of x86_64, against the host's own headers.

import {describe, expect, test} from 'vitest'
import {Errno} from '../../../../src/abi/errno.ts'
import {SA_ONSTACK, SA_RESTORER} from '../../../../src/abi/signal.ts'
import * as reg from '../../../../src/arch/x86_64/registers.ts'
import {signalFrameBytes} from '../../../../src/arch/x86_64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {BASE, enter, HANDLER, isHere, offsetOf, push, RESTORER, STACK, useOffsets} from './entering.ts'
import {FP_BYTES} from './fake-context.ts'

useOffsets()

describe.skipIf(!isHere)('a signal frame (only x86_64)', () => {
  test('holds every field where the kernel puts it', () => {
    const {context, memory, before} = enter()
    push(context, memory)
    const frame = Number(context.registers[reg.RSP])
    const uc = frame + 8
    const word = (field: string, base = uc) => memory.view(base + offsetOf(field), 8).getBigUint64(0, true)
    const context64 = uc + offsetOf('ucontext.uc_mcontext')

    expect(memory.view(frame, 8).getBigUint64(0, true)).toBe(BigInt(RESTORER))
    expect(word('ucontext.uc_flags')).toBe(7n)
    expect(memory.view(uc + offsetOf('ucontext.uc_stack') + 8, 4).getUint32(0, true)).toBe(2)
    expect(word('ucontext.uc_sigmask')).toBe((1n << 0n) | (1n << 33n))
    expect(word('sigcontext.r8', context64)).toBe(before[reg.R8])
    expect(word('sigcontext.r15', context64)).toBe(before[reg.R15])
    expect(word('sigcontext.rdi', context64)).toBe(before[reg.RDI])
    expect(word('sigcontext.rax', context64)).toBe(before[reg.RAX])
    expect(word('sigcontext.rsp', context64)).toBe(BigInt(STACK))
    expect(word('sigcontext.rip', context64)).toBe(before[reg.RIP])
    expect(word('sigcontext.eflags', context64)).toBe(before[reg.EFLAGS])
    expect(memory.view(context64 + offsetOf('sigcontext.cs'), 2).getUint16(0, true)).toBe(0x33)
    expect(memory.view(context64 + offsetOf('sigcontext.ss'), 2).getUint16(0, true)).toBe(0x2b)
    expect(word('sigcontext.err', context64)).toBe(6n)
    expect(word('sigcontext.trapno', context64)).toBe(14n)
    expect(word('sigcontext.cr2', context64)).toBe(0xdead000n)
    expect(word('sigcontext.oldmask', context64)).toBe(word('ucontext.uc_sigmask'))

    const info = Number(context.registers[reg.RSI])
    expect(info).toBe(uc + offsetOf('ucontext.size'))
    expect(memory.readBytes(info, offsetOf('siginfo.size')).every((byte) => byte === 0x77)).toBe(true)
  })

  test('points to an aligned XSAVE area between the two magic numbers', () => {
    const {context, memory} = enter()
    push(context, memory)
    const uc = Number(context.registers[reg.RDX])
    const pointer = uc + offsetOf('ucontext.uc_mcontext') + offsetOf('sigcontext.fpstate')
    const fp = Number(memory.view(pointer, 8).getBigUint64(0, true))
    const view = memory.view(fp, FP_BYTES + 4)
    expect(fp % 64).toBe(0)
    expect(view.getUint32(464, true)).toBe(0x46505853)
    expect(view.getUint32(464 + offsetOf('_fpx_sw_bytes.extended_size'), true)).toBe(FP_BYTES + 4)
    expect(view.getBigUint64(464 + offsetOf('_fpx_sw_bytes.xfeatures'), true)).toBe(0xe7n)
    expect(view.getUint32(464 + offsetOf('_fpx_sw_bytes.xstate_size'), true)).toBe(FP_BYTES)
    expect(view.getUint32(FP_BYTES, true)).toBe(0x46505845)
  })

  test('enters the handler as a call does, with clean flags and initial FP state', () => {
    const {context, memory} = enter(STACK - 3)
    context.registers[reg.EFLAGS] = 0x10702n
    push(context, memory)
    expect((Number(context.registers[reg.RSP]) + 8) % 16).toBe(0)
    expect(context.registers[reg.RIP]).toBe(BigInt(HANDLER))
    expect(context.registers[reg.RDI]).toBe(11n)
    expect(context.registers[reg.RAX]).toBe(0n)
    expect(context.registers[reg.EFLAGS]).toBe(0x202n)
    expect(new DataView(context.fpState.buffer).getUint32(24, true)).toBe(0x1f80)
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(0n)
  })

  test('leaves the red zone alone', () => {
    const {context, memory} = enter()
    memory.bytes.fill(0xaa)
    push(context, memory)
    expect(memory.readBytes(STACK - 128, 128).every((byte) => byte === 0xaa)).toBe(true)
  })

  test('takes no more room than AT_MINSIGSTKSZ says', () => {
    for (let skew = 0; skew < 64; skew++) {
      const {context, memory} = enter(STACK - skew)
      push(context, memory)
      const used = STACK - skew - 128 - Number(context.registers[reg.RSP])
      expect(used).toBeLessThanOrEqual(signalFrameBytes(FP_BYTES))
    }
  })

  test('lies on the alternate stack when the action asks for it', () => {
    const {context, memory} = enter()
    const stack = new AlternateStack()
    stack.set({sp: BASE, flags: 0, size: 8192}, STACK)
    push(context, memory, {stack, flags: SA_ONSTACK | SA_RESTORER})
    const stackPointer = Number(context.registers[reg.RSP])
    expect(stackPointer).toBeGreaterThan(BASE)
    expect(stackPointer).toBeLessThan(BASE + 8192)
  })

  test('nests on the alternate stack below the frame that is there', () => {
    const {context, memory} = enter(BASE + 7000)
    const stack = new AlternateStack()
    stack.set({sp: BASE, flags: 0, size: 8192}, STACK)
    push(context, memory, {stack, flags: SA_ONSTACK | SA_RESTORER})
    expect(Number(context.registers[reg.RSP])).toBeLessThan(BASE + 7000 - FP_BYTES)
  })

  test.each([
    ['overflows the alternate stack', STACK, {sp: BASE, flags: 0, size: 2048}, SA_RESTORER],
    ['has no restorer', STACK, undefined, 0],
    ['has a stack pointer outside memory', 0x1000, undefined, SA_RESTORER],
    ['has a stack pointer near zero', 8, undefined, SA_RESTORER],
  ])('is refused when it %s, and changes no register', (_, stackPointer, alternate, flags) => {
    const {context, memory, before, fpBefore} = enter(stackPointer)
    const stack = new AlternateStack()
    if (alternate !== undefined) stack.set(alternate, STACK)
    expect(() => push(context, memory, {stack, flags: flags | SA_ONSTACK})).toThrow(Errno)
    expect(context.registers).toEqual(before)
    expect(context.fpState).toEqual(fpBefore)
  })
})
