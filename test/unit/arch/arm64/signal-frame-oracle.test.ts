// The signal frame of arm64, against another implementation: qemu-user's, or on arm64 the kernel's own.

import {expect, test} from 'vitest'
import {SA_SIGINFO} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import * as reg from '../../../../src/arch/arm64/registers.ts'
import {popSignalFrame, pushSignalFrame} from '../../../../src/arch/arm64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {canRunArm64, runArm64} from '../../../helpers/arm64.ts'
import {FakeMemory} from '../fake-memory.ts'
import {FakeContext, FLAGS} from './fake-context.ts'

const FRAME_BYTES = 4688
/** x0 to x28 hold 0x100 plus their number, the low halves of v0 to v31 0x200 plus theirs. */
const X_VALUE = 0x100
const V_VALUE = 0x200
const xs = Array.from({length: 29}, (_, index) => index)
const vs = Array.from({length: 32}, (_, index) => index)

/** Faults with known registers, and prints where its frame lies and what it holds. */
const FAULTING = `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static void handler(int signal, siginfo_t* info, void* context) {
  const unsigned char* frame = (const unsigned char*)info;
  printf("%lu ", (unsigned long)frame);
  for (int i = 0; i < ${FRAME_BYTES}; i++) printf("%02x", frame[i]);
  exit(0);
}
int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGSEGV, &action, NULL);
  __asm__ volatile(
      ${vs.map((v) => `"mov x0, #${V_VALUE + v}\\n fmov d${v}, x0\\n"`).join('\n      ')}
      "mov x0, #0x1000000\\n msr fpcr, x0\\n mov x0, #0x10\\n msr fpsr, x0\\n"
      "mov x0, #${FLAGS}\\n msr nzcv, x0\\n"
      ${xs.map((x) => `"mov x${x}, #${X_VALUE + x}\\n"`).join('\n      ')}
      "str x1, [x2, #0x7ff0]\\n");
}`

test.skipIf(!canRunArm64)('a frame that the kernel built is taken back', () => {
  const [address, hex] = runArm64(FAULTING).split(' ')
  const memory = new FakeMemory(Number(address), FRAME_BYTES)
  memory.bytes.set(Buffer.from(hex, 'hex'))
  const context = new FakeContext(memory.base)
  const {mask, stackPointer} = popSignalFrame(context, memory)

  for (const x of xs) expect(context.registers[x], `x${x}`).toBe(BigInt(X_VALUE + x))
  expect(context.registers[reg.PSTATE]).toBe(FLAGS)
  expect(stackPointer).toBeGreaterThan(memory.base + FRAME_BYTES)
  expect(mask.isEmpty).toBe(true)
  const fpState = new DataView(context.fpState.buffer)
  for (const v of vs) {
    const halves = [0, 8].map((half) => fpState.getBigUint64(16 * v + half, true))
    expect(halves, `v${v}`).toEqual([BigInt(V_VALUE + v), 0n])
  }
  expect([fpState.getUint32(512, true), fpState.getUint32(516, true)]).toEqual([0x10, 0x1000000])
})

/** Returns from a signal with a given frame, to code that prints its registers. */
const returning = (frame: Uint8Array) => `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
static _Alignas(16) unsigned char frame[] = {${frame.join(',')}};
static _Alignas(16) unsigned char stack[1 << 16];
unsigned long x[31], nzcv, fpsr, fpcr;
unsigned char v[512];
void resumed(void);
void report(void) {
  for (int i = 0; i < 31; i++) printf("%lx ", x[i]);
  printf("%lx %lx %lx ", nzcv, fpsr, fpcr);
  for (int i = 0; i < 512; i++) printf("%02x", v[i]);
  exit(0);
}
__asm__(
    ".text\\n .balign 4\\n resumed: stp x0, x1, [sp, #-16]!\\n"
    "adrp x0, x\\n add x0, x0, :lo12:x\\n"
    ${Array.from({length: 14}, (_, pair) => `"stp x${2 * pair + 2}, x${2 * pair + 3}, [x0, #${16 * pair + 16}]\\n"`).join('\n    ')}
    "str x30, [x0, #240]\\n"
    "ldp x1, x2, [sp]\\n stp x1, x2, [x0]\\n"
    "mrs x1, nzcv\\n adrp x0, nzcv\\n str x1, [x0, :lo12:nzcv]\\n"
    "mrs x1, fpsr\\n adrp x0, fpsr\\n str x1, [x0, :lo12:fpsr]\\n"
    "mrs x1, fpcr\\n adrp x0, fpcr\\n str x1, [x0, :lo12:fpcr]\\n"
    "adrp x0, v\\n add x0, x0, :lo12:v\\n"
    ${Array.from({length: 16}, (_, pair) => `"stp q${2 * pair}, q${2 * pair + 1}, [x0, #${32 * pair}]\\n"`).join('\n    ')}
    "b report\\n");
int main(void) {
  ucontext_t* context = (ucontext_t*)(frame + sizeof(siginfo_t));
  context->uc_mcontext.pc = (unsigned long)resumed;
  context->uc_mcontext.sp = (unsigned long)(stack + sizeof stack);
  __asm__ volatile("mov sp, %0\\n mov x8, #139\\n svc #0" : : "r"(frame) : "memory");
}`

test.skipIf(!canRunArm64)('a frame that we built is taken back by the kernel', () => {
  const context = new FakeContext(0x7000_8000)
  // FPSR and FPCR: bits that exist.
  new DataView(context.fpState.buffer).setBigUint64(512, 0x0100_0000_0000_0010n, true)
  const memory = new FakeMemory(0x7000_0000, 0x10000)
  const registers = context.readRegisters()
  pushSignalFrame(context, memory, registers, {
    ...{signal: 11, info: new Uint8Array(128), flags: SA_SIGINFO, handler: 1, restorer: 0, trampoline: 0},
    ...{mask: new SignalSet(), stack: new AlternateStack()},
    // qemu-user does not know the syndrome's record.
    fault: {trapNumber: 0, errorCode: 0, address: 0},
  })
  const frame = memory.readBytes(reg.access.stackPointer(registers), FRAME_BYTES)

  const words = runArm64(returning(frame)).split(' ')
  const before = Array.from(context.registers.subarray(0, reg.GENERAL_REGISTERS))
  expect(words.slice(0, 31).map((word) => BigInt(`0x${word}`))).toEqual(before)
  expect(words.slice(31, 34)).toEqual([FLAGS.toString(16), '10', '1000000'])
  expect(words[34]).toBe(Buffer.from(context.fpState.subarray(0, 512)).toString('hex'))
})
