// Entering an x86_64 handler with a fake context and memory, and where the host's headers put a frame's fields.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll} from 'vitest'
import {SA_RESTORER, SA_SIGINFO} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import type {SignalFrame} from '../../../../src/arch/architecture.ts'
import {arch} from '../../../../src/arch/index.ts'
import * as reg from '../../../../src/arch/x86_64/registers.ts'
import {pushSignalFrame} from '../../../../src/arch/x86_64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {FakeMemory} from '../fake-memory.ts'
import {FakeContext} from './fake-context.ts'

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

export const BASE = 0x7000_0000
export const SIZE = 0x10000
export const STACK = BASE + 0x8000
export const HANDLER = 0x402000
export const RESTORER = 0x403000
export const NO_FAULT = {trapNumber: 0, errorCode: 0, address: 0}

/** Whether the host's headers and MINSIGSTKSZ are x86_64's. */
export const isHere = arch.name === 'x86_64'

/** A field's offset in its structure. Call `useOffsets` first. */
export let offsetOf: (field: string) => number

/** Reads the headers before the file's tests. */
export function useOffsets(): void {
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
}

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

export function push(context: FakeContext, memory: FakeMemory, changes: Partial<SignalFrame> = {}): void {
  const registers = context.readRegisters()
  pushSignalFrame(context, memory, registers, frameOf(changes))
  context.writeRegisters(registers)
}

/** Does what the handler's `ret` does. */
export function returnFromHandler(context: FakeContext): void {
  context.registers[reg.RSP] += 8n
}

export function enter(stackPointer = STACK) {
  const context = new FakeContext(stackPointer)
  const memory = new FakeMemory(BASE, SIZE)
  const before = context.readRegisters()
  const fpBefore = context.readFpState()
  return {context, memory, before, fpBefore}
}
