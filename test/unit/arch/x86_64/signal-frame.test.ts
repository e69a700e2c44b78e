// The signal frame of x86_64, against the host's own headers.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, test} from 'vitest'
import {Errno} from '../../../../src/abi/errno.ts'
import {SA_ONSTACK, SA_RESTORER, SA_SIGINFO} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import type {SignalFrame} from '../../../../src/arch/architecture.ts'
import {arch} from '../../../../src/arch/index.ts'
import * as reg from '../../../../src/arch/x86_64/registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from '../../../../src/arch/x86_64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {FakeMemory} from '../fake-memory.ts'
import {FakeContext, FP_BYTES} from './fake-context.ts'

const OFFSETS = `
#include <stddef.h>
#include <stdio.h>
#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#define P(t, f) printf("%s.%s %zu\\n", #t, #f, offsetof(struct t, f))
int main(void) {
  P(ucontext, uc_flags); P(ucontext, uc_stack); P(ucontext, uc_mcontext); P(ucontext, uc_sigmask);
  P(sigcontext, r8); P(sigcontext, r15); P(sigcontext, rdi); P(sigcontext, rax); P(sigcontext, rsp);
  P(sigcontext, rip); P(sigcontext, eflags); P(sigcontext, cs); P(sigcontext, ss); P(sigcontext, err);
  P(sigcontext, trapno); P(sigcontext, oldmask); P(sigcontext, cr2); P(sigcontext, fpstate);
  P(_fpx_sw_bytes, extended_size); P(_fpx_sw_bytes, xfeatures); P(_fpx_sw_bytes, xstate_size);
  printf("ucontext.size %zu\\n", sizeof(struct ucontext));
  printf("siginfo.size %zu\\n", sizeof(siginfo_t));
}`

const BASE = 0x7000_0000
const SIZE = 0x10000
const STACK = BASE + 0x8000
const HANDLER = 0x402000
const RESTORER = 0x403000
const NO_FAULT = {trapNumber: 0, errorCode: 0, address: 0}

/** The headers and MINSIGSTKSZ are the host's. */
const isHere = arch.name === 'x86_64'

let offsetOf: (field: string) => number

beforeAll(() => {
  if (!isHere) return
  const folder = mkdtempSync(join(tmpdir(), 'hv-frame-'))
  writeFileSync(join(folder, 'offsets.c'), OFFSETS)
  execFileSync('cc', ['-o', join(folder, 'offsets'), join(folder, 'offsets.c')])
  const lines = execFileSync(join(folder, 'offsets'), {encoding: 'latin1'}).trim().split('\n')
  rmSync(folder, {recursive: true})
  const offsets = new Map(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]))
  offsetOf = (field) => {
    const offset = offsets.get(field)
    if (offset === undefined) throw new Error(`no offset of ${field}`)
    return offset
  }
})

function frameOf(changes: Partial<SignalFrame> = {}): SignalFrame {
  return {
    signal: 11,
    info: new Uint8Array(128).fill(0x77),
    handler: HANDLER,
    flags: SA_SIGINFO | SA_RESTORER,
    restorer: RESTORER,
    trampoline: 0,
    mask: SignalSet.of(1, 34),
    stack: new AlternateStack(),
    fault: {trapNumber: 14, errorCode: 6, address: 0xdead000},
    ...changes,
  }
}

function push(context: FakeContext, memory: FakeMemory, changes: Partial<SignalFrame> = {}): void {
  const registers = context.readRegisters()
  pushSignalFrame(context, memory, registers, frameOf(changes))
  context.writeRegisters(registers)
}

/** What `ret` of the handler does. */
function returnFromHandler(context: FakeContext): void {
  context.registers[reg.RSP] += 8n
}

function enter(stackPointer = STACK) {
  const context = new FakeContext(stackPointer)
  const memory = new FakeMemory(BASE, SIZE)
  const before = context.readRegisters()
  const fpBefore = context.readFpState()
  return {context, memory, before, fpBefore}
}

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
    const {context, memory, fpBefore} = enter()
    push(context, memory)
    const sigcontext = Number(context.registers[reg.RDX]) + offsetOf('ucontext.uc_mcontext')
    const pointer = memory.view(sigcontext + offsetOf('sigcontext.fpstate'), 8)
    spoil(memory.view(Number(pointer.getBigUint64(0, true)), FP_BYTES + 4), pointer)
    returnFromHandler(context)
    popSignalFrame(context, memory)
    return {context, fpBefore}
  }

  test('makes the FP state initial when the frame has none', () => {
    const {context} = returnWith((_, pointer) => pointer.setBigUint64(0, 0n, true))
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(0n)
  })

  test('takes the legacy part alone when a magic number is wrong', () => {
    const {context, fpBefore} = returnWith((fp) => fp.setUint32(FP_BYTES, 0, true))
    expect(context.fpState.subarray(0, 464)).toEqual(fpBefore.subarray(0, 464))
    expect(new DataView(context.fpState.buffer).getBigUint64(512, true)).toBe(3n)
    expect(context.fpState.subarray(576).every((byte) => byte === 0)).toBe(true)
  })

  test.each<[string, (fp: DataView, pointer: DataView) => void]>([
    ['reserved bits of MXCSR', (fp) => fp.setUint32(24, 0xffff_0000, true)],
    ['a compacted format', (fp) => fp.setBigUint64(520, 1n << 63n, true)],
    ['reserved header bytes', (fp) => fp.setUint8(570, 1)],
    [
      'an unaligned FP state',
      (_, pointer) => pointer.setBigUint64(0, pointer.getBigUint64(0, true) + 8n, true),
    ],
    ['an FP state outside memory', (_, pointer) => pointer.setBigUint64(0, 0xffff_8000_0000_0000n, true)],
  ])('refuses %s', (_, spoil) => {
    expect(() => returnWith(spoil)).toThrow(Errno)
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
