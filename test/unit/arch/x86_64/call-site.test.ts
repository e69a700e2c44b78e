// Which instructions in front of a SYSCALL a jump can stand in for, and what the trampoline does in their place.

import {describe, expect, test} from 'vitest'
import {callSites} from '../../../../src/arch/x86_64/call-site.ts'

const SYSCALL = [0x0f, 0x05]
const NOPS = [0x90, 0x90, 0x90]
const MOV_39 = [0xb8, 39, 0, 0, 0]
/** mov 0x10(%rsp), %rax */
const MOV_STACK = [0x48, 0x8b, 0x44, 0x24, 0x10]

/** -100, 7, and 7 with something above. */
const ARGUMENTS = Int32Array.of(-100, 0, 7, 0, 7, 1)

/** Its end, with nops in front. */
const site = (...bytes: number[]) =>
  Uint8Array.from(
    [...Array(Math.max(0, callSites.bytes - bytes.length)).fill(0x90), ...bytes].slice(-callSites.bytes),
  )

test.each([
  ['mov $39, %eax', site(...NOPS, ...MOV_39, ...SYSCALL), true],
  ['mov $40, %eax, where call 39 trapped', site(...NOPS, 0xb8, 40, 0, 0, 0, ...SYSCALL), false],
  ['mov 0x10(%rsp), %rax', site(...NOPS, ...MOV_STACK, ...SYSCALL), true],
  ['mov 8(%rsp), %r9', site(...NOPS, 0x4c, 0x8b, 0x4c, 0x24, 8, ...SYSCALL), true],
  ['mov 8(%rsp), %rsp', site(...NOPS, 0x48, 0x8b, 0x64, 0x24, 8, ...SYSCALL), false],
  ['mov 8(%rsp), %r12', site(...NOPS, 0x4c, 0x8b, 0x64, 0x24, 8, ...SYSCALL), true],
  ['lea 39(%rax), %edi', site(0x90, 0x90, 0x8d, ...MOV_39, ...SYSCALL), false],
  ['mov 39(%rax), %edi', site(0x90, 0x90, 0x8b, ...MOV_39, ...SYSCALL), false],
  ['mov 8(%rsp), %r9d', site(...NOPS, 0x44, 0x8b, 0x4c, 0x24, 8, ...SYSCALL), false],
  ['mov 8(%r12), %rax', site(...NOPS, 0x49, 0x8b, 0x44, 0x24, 8, ...SYSCALL), false],
  ['mov %rax, 8(%rsp)', site(...NOPS, 0x48, 0x89, 0x44, 0x24, 8, ...SYSCALL), true],
  ['mov %r11, 8(%rsp)', site(...NOPS, 0x4c, 0x89, 0x5c, 0x24, 8, ...SYSCALL), true],
  ['mov %rcx, 8(%rsp)', site(...NOPS, 0x48, 0x89, 0x4c, 0x24, 8, ...SYSCALL), false],
  ['mov %r9, 8(%rsp)', site(...NOPS, 0x4c, 0x89, 0x4c, 0x24, 8, ...SYSCALL), true],
  ['mov $-100, %edi, the first argument', site(...NOPS, 0xbf, 0x9c, 0xff, 0xff, 0xff, ...SYSCALL), true],
  ['mov $7, %esi, the second argument', site(...NOPS, 0xbe, 7, 0, 0, 0, ...SYSCALL), true],
  ['mov $7, %edx, the third argument, of 64 bits', site(...NOPS, 0xba, 7, 0, 0, 0, ...SYSCALL), false],
  ['mov $8, %esi, not an argument', site(...NOPS, 0xbe, 8, 0, 0, 0, ...SYSCALL), false],
  ['mov $7, %ebx, which is no argument', site(...NOPS, 0xbb, 7, 0, 0, 0, ...SYSCALL), false],
  ['je 0x26; mov $39, %eax', site(0x90, 0x74, 0x26, ...MOV_39, ...SYSCALL), true],
  ['mov $7, %r14d', site(0x90, 0x90, 0x41, 0xbe, 7, 0, 0, 0, ...SYSCALL), false],
  ['mov 8(%rsp,%rax), %rax', site(...NOPS, 0x48, 0x8b, 0x44, 0x04, 8, ...SYSCALL), false],
  ['mov %fs:0x10(%rsp), %rax', site(0x90, 0x90, 0x64, ...MOV_STACK, ...SYSCALL), false],
  ['mov $39, %r8d', site(0x90, 0x90, 0x41, ...MOV_39, ...SYSCALL), false],
  ['movzwl 39(%rax), %edi', site(0x0f, 0xb7, ...MOV_39, ...SYSCALL), false],
  ['movups %fs:39(%rax), %xmm7', site(0x64, 0x0f, 0x10, ...MOV_39, ...SYSCALL), false],
  ['xor 39(%rax), %edi', site(0x33, ...MOV_39, ...SYSCALL), false],
  ['mov 39(%rax,%rdi,4), %edi', site(0x8b, 0xbc, ...MOV_39, ...SYSCALL), false],
  ['movabs whose end is mov $39, %eax', site(0x49, 0xb8, 1, 2, 3, ...MOV_39, ...SYSCALL), false],
  ['movabs whose end is mov 0x10(%rsp), %rax', site(0x48, 0xbf, 1, 2, 3, ...MOV_STACK, ...SYSCALL), false],
  ['syscall; mov $39, %eax', site(...SYSCALL, ...MOV_39, ...SYSCALL), true],
  ['mov $39, %ax', site(0x90, 0x90, 0x66, ...MOV_39, ...SYSCALL), false],
  ['movl $39, -0x48(%rbp)', site(0x90, 0xc7, 0x45, ...MOV_39, ...SYSCALL), false],
  ['movl $39, -0x48(%rsp)', site(0xc7, 0x44, 0x24, ...MOV_39, ...SYSCALL), false],
  ['mov $15, %rax, as unwinders look for it', site(0x90, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, ...SYSCALL), false],
  ['xor %eax, %eax', site(...NOPS, 0x90, 0x90, 0x90, 0x31, 0xc0, ...SYSCALL), false],
  ['mov $39, %eax in front of something else', site(...NOPS, ...MOV_39, 0x0f, 0x0b), false],
])('%s: %o, %s', (_, code, can) => {
  expect(code).toHaveLength(callSites.bytes)
  expect(callSites.canPatch(code, 39, ARGUMENTS)).toBe(can)
})

test.each([
  ['getpid', [...NOPS, ...MOV_39], true],
  ['getpgrp', [...NOPS, 0xb8, 111, 0, 0, 0], false],
  ['any call, with 39 as its first argument', [...NOPS, 0xbf, 39, 0, 0, 0], false],
])('%s is known: %s, %s', (_, code, known) => {
  expect(callSites.isKnown(site(...code, ...SYSCALL))).toBe(known)
})

describe('a patched site', () => {
  const AT = 0x7f12_3456_0000
  const RETURN = 0x7f12_8000_0007

  test('jumps to its trampoline, forward and back', () => {
    const from = RETURN + callSites.jumpOffset
    expect(Buffer.from(callSites.jump(from, from + 5 + 0x1234)).toString('hex')).toBe('e934120000')
    expect(Buffer.from(callSites.jump(from, from)).toString('hex')).toBe('e9fbffffff')
  })

  test('does there what it did, and calls by the gate with RCX as SYSCALL sets it', () => {
    const trampoline = callSites.trampoline(site(...NOPS, 0xb8, 111, 0, 0, 0, ...SYSCALL), AT, RETURN, 88)
    expect(trampoline.length).toBeLessThanOrEqual(callSites.trampolineBytes)
    // mov $111, %eax; lea RETURN(%rip), %rcx; jmp *%gs:88
    const distance = Buffer.from(Int32Array.of(RETURN - AT - 12).buffer).toString('hex')
    expect(Buffer.from(trampoline).toString('hex')).toBe(`b86f000000488d0d${distance}65ff242558000000`)
    // By the gate of known calls.
    const known = callSites.trampoline(site(...NOPS, ...MOV_39, ...SYSCALL), AT, RETURN, 88)
    expect(Buffer.from(known).toString('hex')).toBe(`b827000000488d0d${distance}65ff242560000000`)
    expect(callSites.returnOf(trampoline, AT)).toBe(RETURN)
    expect(callSites.returnOf(new Uint8Array(32), AT)).toBe(undefined)
  })
})
