// Which instructions before a SYSCALL a jump can replace, and what the trampoline does in their place.

import {describe, expect, test} from 'vitest'
import {callSites} from '../../../../src/arch/x86_64/call-site.ts'
import {access, REGISTER_COUNT} from '../../../../src/arch/x86_64/registers.ts'

const SYSCALL = [0x0f, 0x05]
const NOPS = [0x90, 0x90, 0x90]
const MOV_39 = [0xb8, 39, 0, 0, 0]
/** mov 0x10(%rsp), %rax */
const MOV_STACK = [0x48, 0x8b, 0x44, 0x24, 0x10]

/** -100, 7, and 7 with a bit in the high half. */
const ARGUMENTS = Int32Array.of(-100, 0, 7, 0, 7, 1)

/** Where a site ends in its page. */
const END = 0x207

/** A page of one-byte instructions, into which no jump fits, with a site. */
function pageOf(...site: number[]): Uint8Array {
  const page = new Uint8Array(4096).fill(0x90)
  page.set(site, END - site.length)
  return page
}

test.each([
  ['mov $39, %eax', [...NOPS, ...MOV_39, ...SYSCALL], true],
  ['mov $40, %eax, where call 39 trapped', [...NOPS, 0xb8, 40, 0, 0, 0, ...SYSCALL], false],
  ['mov 0x10(%rsp), %rax', [...NOPS, ...MOV_STACK, ...SYSCALL], true],
  ['mov 8(%rsp), %r9', [...NOPS, 0x4c, 0x8b, 0x4c, 0x24, 8, ...SYSCALL], true],
  ['mov 8(%rsp), %rsp', [...NOPS, 0x48, 0x8b, 0x64, 0x24, 8, ...SYSCALL], false],
  ['mov 8(%rsp), %r12', [...NOPS, 0x4c, 0x8b, 0x64, 0x24, 8, ...SYSCALL], true],
  ['lea 39(%rax), %edi', [0x90, 0x90, 0x8d, ...MOV_39, ...SYSCALL], false],
  ['mov 39(%rax), %edi', [0x90, 0x90, 0x8b, ...MOV_39, ...SYSCALL], false],
  ['mov 8(%rsp), %r9d', [...NOPS, 0x44, 0x8b, 0x4c, 0x24, 8, ...SYSCALL], false],
  ['mov 8(%r12), %rax', [...NOPS, 0x49, 0x8b, 0x44, 0x24, 8, ...SYSCALL], false],
  ['mov %rax, 8(%rsp)', [...NOPS, 0x48, 0x89, 0x44, 0x24, 8, ...SYSCALL], true],
  ['mov %r11, 8(%rsp)', [...NOPS, 0x4c, 0x89, 0x5c, 0x24, 8, ...SYSCALL], true],
  ['mov %rcx, 8(%rsp)', [...NOPS, 0x48, 0x89, 0x4c, 0x24, 8, ...SYSCALL], false],
  ['mov %r9, 8(%rsp)', [...NOPS, 0x4c, 0x89, 0x4c, 0x24, 8, ...SYSCALL], true],
  ['mov $-100, %edi, the first argument', [...NOPS, 0xbf, 0x9c, 0xff, 0xff, 0xff, ...SYSCALL], true],
  ['mov $7, %esi, the second argument', [...NOPS, 0xbe, 7, 0, 0, 0, ...SYSCALL], true],
  ['mov $7, %edx, the third argument, of 64 bits', [...NOPS, 0xba, 7, 0, 0, 0, ...SYSCALL], false],
  ['mov $8, %esi, not an argument', [...NOPS, 0xbe, 8, 0, 0, 0, ...SYSCALL], false],
  ['mov $7, %ebx, which is no argument', [...NOPS, 0xbb, 7, 0, 0, 0, ...SYSCALL], false],
  ['je 0x26; mov $39, %eax', [0x90, 0x74, 0x26, ...MOV_39, ...SYSCALL], true],
  ['mov $7, %r14d', [0x90, 0x90, 0x41, 0xbe, 7, 0, 0, 0, ...SYSCALL], false],
  ['mov 8(%rsp,%rax), %rax', [...NOPS, 0x48, 0x8b, 0x44, 0x04, 8, ...SYSCALL], false],
  ['mov %fs:0x10(%rsp), %rax', [0x90, 0x90, 0x64, ...MOV_STACK, ...SYSCALL], false],
  ['mov $39, %r8d', [0x90, 0x90, 0x41, ...MOV_39, ...SYSCALL], false],
  ['movzwl 39(%rax), %edi', [0x0f, 0xb7, ...MOV_39, ...SYSCALL], false],
  ['movups %fs:39(%rax), %xmm7', [0x64, 0x0f, 0x10, ...MOV_39, ...SYSCALL], false],
  ['xor 39(%rax), %edi', [0x33, ...MOV_39, ...SYSCALL], false],
  ['mov 39(%rax,%rdi,4), %edi', [0x8b, 0xbc, ...MOV_39, ...SYSCALL], false],
  ['movabs whose end is mov $39, %eax', [0x49, 0xb8, 1, 2, 3, ...MOV_39, ...SYSCALL], false],
  ['movabs whose end is mov 0x10(%rsp), %rax', [0x48, 0xbf, 1, 2, 3, ...MOV_STACK, ...SYSCALL], false],
  ['syscall; mov $39, %eax', [...SYSCALL, ...MOV_39, ...SYSCALL], true],
  ['mov $39, %ax', [0x90, 0x90, 0x66, ...MOV_39, ...SYSCALL], false],
  ['movl $39, -0x48(%rbp)', [0x90, 0xc7, 0x45, ...MOV_39, ...SYSCALL], false],
  ['movl $39, -0x48(%rsp)', [0xc7, 0x44, 0x24, ...MOV_39, ...SYSCALL], false],
  ['mov $15, %rax, as unwinders look for it', [0x90, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, ...SYSCALL], false],
  ['xor %eax, %eax', [...NOPS, 0x90, 0x90, 0x90, 0x31, 0xc0, ...SYSCALL], false],
  ['mov $39, %eax in front of something else', [...NOPS, ...MOV_39, 0x0f, 0x0b], false],
])('%s can make way for call 39: %o, %s', (_, code, can) => {
  const site = callSites.find(pageOf(...code), END, 39, ARGUMENTS)
  expect(site !== undefined).toBe(can)
  if (can) expect([site!.start, site!.end, site!.relay]).toEqual([END - 7, END, undefined])
})

test.each([
  ['getpid', [...NOPS, ...MOV_39], true],
  ['getpgrp', [...NOPS, 0xb8, 111, 0, 0, 0], false],
  ['any call, with 7 as its second argument', [...NOPS, 0xbe, 7, 0, 0, 0], false],
])('%s is known: %s, %s', (_, code, known) => {
  const number = code[3] === 0xb8 ? code[4] : 39
  expect(callSites.find(pageOf(...code, ...SYSCALL), END, number, ARGUMENTS)?.isCached).toBe(known)
})

describe('a patched site', () => {
  const AT = 0x7f12_3456_0000
  const RETURN = 0x7f12_8000_0007
  const place = (number: number) => ({at: AT, start: RETURN - 7, relay: undefined, behind: RETURN, number})
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

  test('jumps to its trampoline, forward and back', () => {
    const page = pageOf(...MOV_39, ...SYSCALL)
    const site = callSites.find(page, END, 39, ARGUMENTS)!
    callSites.patch(page, site, site.start + 5 + 0x1234)
    expect(hex(page.subarray(END - 8, END + 1))).toBe('90e9341200000f0590')
    callSites.patch(page, site, site.start)
    expect(hex(page.subarray(END - 8, END + 1))).toBe('90e9fbffffff0f0590')
  })

  test('does there what it did, and calls by the gate with RCX as SYSCALL sets it', () => {
    const getpgrp = callSites.find(pageOf(0xb8, 111, 0, 0, 0, ...SYSCALL), END, 111, ARGUMENTS)!
    const trampoline = callSites.trampoline(getpgrp, place(111), 88)
    expect(trampoline.length).toBeLessThanOrEqual(callSites.trampolineBytes)
    // mov $111, %eax; lea RETURN(%rip), %rcx; jmp *%gs:88
    const distance = hex(new Uint8Array(Int32Array.of(RETURN - AT - 12).buffer))
    expect(hex(trampoline)).toBe(`b86f000000488d0d${distance}65ff242558000000`)
    // Through the gate for calls with cached results.
    const getpid = callSites.find(pageOf(...MOV_39, ...SYSCALL), END, 39, ARGUMENTS)!
    expect(hex(callSites.trampoline(getpid, place(39), 88))).toBe(
      `b827000000488d0d${distance}65ff242560000000`,
    )
  })
})

describe('a site without an instruction of five bytes', () => {
  const XOR = [0x31, 0xc0]
  /** cs nopw 0(%rax,%rax,1), of ten bytes: a jump fits after its first five. */
  const NOP = [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0]
  const RET = 0xc3
  const FUNCTION = END + 0x29
  const int3s = (count: number): number[] => Array(count).fill(0xcc)
  const withPadding = (padding: number[], at: number) => {
    const page = pageOf(...XOR, ...SYSCALL)
    page.set(padding, at)
    return page
  }

  test.each([
    ['a nop', [RET, ...NOP], END + 20, END + 26],
    ['a nop without prefixes', NOP.slice(2), END + 20, END + 23],
    ['the last nop that a short jump reaches', NOP, END + 122, END + 127],
    ['a nop beyond that', NOP, END + 123, undefined],
    ['a nop in front, as far as it reaches', NOP, END - 133, END - 128],
    ['a nop further in front', NOP, END - 134, undefined],
    ['a nop of seven bytes', [0x0f, 0x1f, 0x80, 0, 0, 0, 0], END + 20, undefined],
    ['a nop that a jump is in already', [0x0f, 0x1f, 0x84, 0xe9, 1, 2, 3, 4], END + 20, undefined],
    ['INT3 to where a function may begin', [RET, ...int3s(10)], FUNCTION - 11, FUNCTION - 5],
    ['as many INT3s, not to there', [RET, ...int3s(10)], FUNCTION - 12, undefined],
    ['INT3 nine times', [RET, ...int3s(9)], FUNCTION - 10, undefined],
    ['a divisor', [0x48, 0xb9, 0xcd, ...int3s(7)], FUNCTION - 10, undefined],
  ])('has, by %s, one in the padding', (_, padding, at, relay) => {
    const site = callSites.find(withPadding(padding, at), END, 0, ARGUMENTS)
    if (relay === undefined) expect(site).toBe(undefined)
    else expect(site).toMatchObject({start: END - 2, end: END, relay, isCached: false})
  })

  test('jumps there and on; the nop stays one, and all else as it was', () => {
    const page = withPadding(NOP, END + 20)
    const before = page.slice()
    const site = callSites.find(page, END, 0, ARGUMENTS)!
    callSites.patch(page, site, END + 0x1000)
    // The short jump replaces SYSCALL, and skips 25 bytes.
    before.set([0xeb, 25], END - 2)
    before[END + 25] = 0xe9
    new DataView(before.buffer).setInt32(END + 26, 0x1000 - 30, true)
    expect(page).toEqual(before)
  })

  test('has a trampoline that does nothing else, and is left for the site itself', () => {
    const site = callSites.find(withPadding(NOP, END + 20), END, 0, ARGUMENTS)!
    const place = {at: 0x10000, start: 0x20000, relay: 0x20030, behind: 0x20002, number: 0}
    // lea behind(%rip), %rcx; jmp *%gs:88
    expect(Buffer.from(callSites.trampoline(site, place, 88)).toString('hex')).toBe(
      '488d0dfbff000065ff242558000000',
    )
    const registers = new BigUint64Array(REGISTER_COUNT)
    access.setProgramCounter(registers, 0x20030)
    callSites.leave(registers, place)
    const expected = new BigUint64Array(REGISTER_COUNT)
    access.setProgramCounter(expected, 0x20000)
    expect(registers).toEqual(expected)
  })

  test('stays, if a prefix would change the jump', () => {
    const page = withPadding(NOP, END + 20)
    page[END - 3] = 0x66
    expect(callSites.find(page, END, 0, ARGUMENTS)).toBe(undefined)
  })

  test('stays, if it is what signal handlers return to', () => {
    expect(callSites.find(withPadding(NOP, END + 20), END, 15, ARGUMENTS)).toBe(undefined)
  })

  test.each([0, 1, 2, 4, 6, 4096])('that ends at %d in its page has nothing else looked at', (end) => {
    const page = new Uint8Array(4096).fill(0xcc)
    page.set(SYSCALL.slice(0, end), Math.max(0, end - 2))
    const site = callSites.find(page, end, 0, ARGUMENTS)
    if (end < 2) expect(site).toBe(undefined)
    else expect(site!.relay! >= 0 && site!.relay! + 5 <= 4096).toBe(true)
  })
})
