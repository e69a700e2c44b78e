// The signal frame of arm64, against the kernel's headers.

import {beforeAll, describe, expect, test} from 'vitest'
import {Errno} from '../../../../src/abi/errno.ts'
import {faultInfo} from '../../../../src/abi/siginfo.ts'
import {SA_EXPOSE_TAGBITS, SA_ONSTACK, SA_RESTORER, SA_SIGINFO, SIGSEGV} from '../../../../src/abi/signal.ts'
import type {SignalFrame} from '../../../../src/arch/architecture.ts'
import * as reg from '../../../../src/arch/arm64/registers.ts'
import {popSignalFrame, signalFrameBytes} from '../../../../src/arch/arm64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {canRunArm64, numbersOfArm64} from '../../../helpers/arm64.ts'
import {BASE, enter, HANDLER, NO_FAULT, SIZE, STACK, SYNDROME, TRAMPOLINE} from './entering.ts'
import {FakeContext, FLAGS, FP_BYTES} from './fake-context.ts'

const OFFSETS = `
#include <stddef.h>
#include <stdio.h>
#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
struct rt_sigframe { siginfo_t info; struct ucontext uc; };
#define P(t, f) printf("%s.%s %zu\\n", #t, #f, offsetof(struct t, f))
int main(void) {
  P(rt_sigframe, uc);
  P(ucontext, uc_flags); P(ucontext, uc_stack); P(ucontext, uc_sigmask); P(ucontext, uc_mcontext);
  P(sigcontext, fault_address); P(sigcontext, regs); P(sigcontext, sp); P(sigcontext, pc);
  P(sigcontext, pstate); P(sigcontext, __reserved);
  P(fpsimd_context, fpsr); P(fpsimd_context, fpcr); P(fpsimd_context, vregs); P(esr_context, esr);
  P(extra_context, datap); P(extra_context, size);
  printf("rt_sigframe.bytes %zu\\n", sizeof(struct rt_sigframe));
  printf("reserved.bytes %zu\\n", sizeof ((struct sigcontext*)0)->__reserved);
  printf("fpsimd_context.bytes %zu\\n", sizeof(struct fpsimd_context));
  printf("esr_context.bytes %zu\\n", sizeof(struct esr_context));
  printf("extra_context.bytes %zu\\n", sizeof(struct extra_context));
  printf("FPSIMD_MAGIC %u\\nESR_MAGIC %u\\nEXTRA_MAGIC %u\\n", FPSIMD_MAGIC, ESR_MAGIC, EXTRA_MAGIC);
}`

let layout: (name: string) => number

beforeAll(() => {
  if (canRunArm64) layout = numbersOfArm64(OFFSETS)
})

describe.skipIf(!canRunArm64)('a signal frame of arm64', () => {
  /** Enters a handler, and finds fields in its frame. */
  function entered(changes: Partial<SignalFrame> = {}) {
    const {push, ...rest} = enter(STACK, changes)
    const frame = push()
    const uc = frame + layout('rt_sigframe.uc')
    const sigcontext = uc + layout('ucontext.uc_mcontext')
    const reserved = sigcontext + layout('sigcontext.__reserved')
    const word = (address: number) => rest.memory.view(address, 8).getBigUint64(0, true)
    const half = (address: number) => rest.memory.view(address, 4).getUint32(0, true)
    return {...rest, frame, uc, sigcontext, reserved, word, half}
  }

  test('holds every field where the kernel puts it', () => {
    const {before, uc, sigcontext, word, half} = entered()
    expect(word(uc + layout('ucontext.uc_flags'))).toBe(0n)
    expect(half(uc + layout('ucontext.uc_stack') + 8)).toBe(2)
    expect(word(uc + layout('ucontext.uc_sigmask'))).toBe((1n << 0n) | (1n << 33n))
    expect(word(sigcontext + layout('sigcontext.fault_address'))).toBe(0xdead_0000_dead_0000n)
    for (let x = 0; x <= 30; x++) {
      expect(word(sigcontext + layout('sigcontext.regs') + 8 * x), `x${x}`).toBe(before[x])
    }
    expect(word(sigcontext + layout('sigcontext.sp'))).toBe(BigInt(STACK))
    expect(word(sigcontext + layout('sigcontext.pc'))).toBe(0x401000n)
    expect(word(sigcontext + layout('sigcontext.pstate'))).toBe(FLAGS)
  })

  test('has the FP state, the syndrome of a fault and a terminator', () => {
    const {memory, reserved, word, half} = entered()
    const size = layout('fpsimd_context.bytes')
    expect([half(reserved), half(reserved + 4)]).toEqual([layout('FPSIMD_MAGIC'), size])
    const state = new FakeContext(0).fpState
    const at = (name: string, length: number) =>
      memory.readBytes(reserved + layout(`fpsimd_context.${name}`), length)
    expect(at('vregs', 512)).toEqual(state.subarray(0, 512))
    expect(at('fpsr', 4)).toEqual(state.subarray(512, 516))
    expect(at('fpcr', 4)).toEqual(state.subarray(516, 520))

    const esr = reserved + size
    expect([half(esr), half(esr + 4)]).toEqual([layout('ESR_MAGIC'), layout('esr_context.bytes')])
    expect(word(esr + layout('esr_context.esr'))).toBe(BigInt(SYNDROME))
    expect(word(esr + layout('esr_context.bytes'))).toBe(0n)
  })

  test('has no syndrome when there was no fault', () => {
    const {reserved, word} = entered({fault: NO_FAULT})
    expect(word(reserved + layout('fpsimd_context.bytes'))).toBe(0n)
  })

  test('enters the handler with a frame record that unwinders follow', () => {
    const {context, before, frame, uc, word} = entered()
    expect(frame % 16).toBe(0)
    expect(context.registers[reg.PC]).toBe(BigInt(HANDLER))
    expect(Array.from(context.registers.subarray(0, 3))).toEqual([11n, BigInt(frame), BigInt(uc)])
    expect(context.registers[reg.X30]).toBe(BigInt(TRAMPOLINE))
    const record = Number(context.registers[reg.X29])
    expect(record).toBe(frame + layout('rt_sigframe.bytes'))
    expect([word(record), word(record + 8)]).toEqual([before[reg.X29], before[reg.X30]])
    expect(context.registers[reg.TPIDR]).toBe(before[reg.TPIDR])
  })

  test('is taken back with records in extra space, as Linux lays them out', () => {
    const {context, memory, before, frame, reserved} = entered({fault: NO_FAULT})
    const fp = memory.readBytes(reserved, layout('fpsimd_context.bytes'))
    const record = layout('extra_context.bytes')
    const start = reserved + layout('reserved.bytes') - record - 16
    const view = memory.view(reserved, SIZE - (reserved - BASE))
    // An ESR record fills the room before the extra record.
    view.setUint32(0, layout('ESR_MAGIC'), true)
    view.setUint32(4, start - reserved, true)
    const extra = new DataView(view.buffer, view.byteOffset + start - reserved)
    extra.setUint32(0, layout('EXTRA_MAGIC'), true)
    extra.setUint32(4, record, true)
    extra.setBigUint64(layout('extra_context.datap'), BigInt(start + record + 16), true)
    extra.setUint32(layout('extra_context.size'), fp.length + 16, true)
    memory.writeBytes(start + record + 16, fp)
    memory.writeBytes(start + record + 16 + fp.length, new Uint8Array(16))
    context.fpState.fill(0)
    expect(start + record + 16).toBe(frame + layout('rt_sigframe.bytes'))

    popSignalFrame(context, memory)
    expect(context.registers).toEqual(before)
    expect(context.fpState).toEqual(new FakeContext(0).fpState)
  })
})

describe('a handler of arm64', () => {
  test('returns to the restorer of the action that has one', () => {
    const {context, push} = enter(STACK, {flags: SA_RESTORER, restorer: 0x404000})
    push()
    expect(context.registers[reg.X30]).toBe(0x404000n)
  })

  test('gets the signal’s number alone without SA_SIGINFO', () => {
    const {context, memory, before, push} = enter(STACK, {flags: 0})
    const frame = push()
    expect(Array.from(context.registers.subarray(0, 3))).toEqual([11n, before[1], before[2]])
    expect(memory.readBytes(frame, 128)).toEqual(new Uint8Array(128))
  })

  test('starts with no branch type, tag check override or step, and keeps its other flags', () => {
    const {context, push} = enter()
    context.registers[reg.PSTATE] |= (3n << 10n) | (1n << 12n) | (1n << 21n) | (1n << 24n) | (1n << 25n)
    push()
    expect(context.registers[reg.PSTATE]).toBe(FLAGS | (1n << 12n) | (1n << 24n))
  })

  test.each([
    ['without SA_EXPOSE_TAGBITS sees no tag', SA_SIGINFO, 0x0000_1234_5678_9abcn],
    ['with SA_EXPOSE_TAGBITS sees it', SA_SIGINFO | SA_EXPOSE_TAGBITS, 0xb400_1234_5678_9abcn],
  ])('%s in si_addr', (_, flags, address) => {
    const info = faultInfo(SIGSEGV, 1, 0xb400_1234_5678_9abcn)
    const {memory, push} = enter(STACK, {flags, info})
    expect(memory.view(push() + 16, 8).getBigUint64(0, true)).toBe(address)
  })

  test('has room for its frame where AT_MINSIGSTKSZ says so', () => {
    for (let skew = 0; skew < 32; skew++) {
      const {push} = enter(STACK - skew)
      expect(STACK - skew - push()).toBeLessThanOrEqual(signalFrameBytes(FP_BYTES))
    }
  })

  test('runs on the alternate stack when its action asks for it, and nests there', () => {
    const stack = new AlternateStack()
    stack.set({sp: BASE, flags: 0, size: 0x4000}, STACK)
    const changes = {stack, flags: SA_ONSTACK}
    const first = enter(STACK, changes).push()
    expect(first).toBe(BASE + 0x4000 - 16 - 4688)
    expect(enter(first - 64, changes).push()).toBe(first - 64 - 16 - 4688)
  })

  test.each([
    ['outside memory', 0x1000],
    ['near zero', 8],
    ['beyond 53 bits', 2 ** 60],
  ])('is refused with a stack pointer %s, and no register changes', (_, stackPointer) => {
    const {context, before, push} = enter(stackPointer)
    expect(push).toThrow(Errno)
    expect(context.registers).toEqual(before)
  })
})
