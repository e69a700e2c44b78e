// Which SVC a branch can replace, what the trampoline does in its place, and which programs are taken out of it.

import {describe, expect, test} from 'vitest'
import {callSites} from '../../../../src/arch/arm64/call-site.ts'
import {PC, PSTATE, REGISTER_COUNT} from '../../../../src/arch/arm64/registers.ts'

const SVC = [0x01, 0, 0, 0xd4]
const NOTHING = new Int32Array(12)
const GETTID = 178
const AT = 0xfff0_0000_0000
const BEHIND = AT + 0x10_0004
const FRAME = 0xffff_ffff_9000
const END = 0x204

function pageOf(site: number[]): Uint8Array {
  const page = new Uint8Array(4096)
  page.set(site, END - 4)
  return page
}

test.each([
  ['svc #0', SVC, 64, true],
  ['svc #1', [0x21, 0, 0, 0xd4], 64, false],
  ['hvc #0', [0x02, 0, 0, 0xd4], 64, false],
  ['svc #0, by which handlers return', SVC, 139, false],
  ['svc #0 with a number that no SUB takes', SVC, 4096, false],
  ['svc #0 with a number below all', SVC, -1, false],
])('%s, %o, call %d: %s', (_, code, number, can) => {
  expect(callSites.find(pageOf(code), END, number, NOTHING) !== undefined).toBe(can)
})

test.each([0, 1, 3, END - 2])('%d, where no instruction ends, is none', (end) => {
  expect(callSites.find(pageOf(SVC), end, 64, NOTHING)).toBe(undefined)
})

test.each([
  ['getpid', 172, true],
  ['gettid', GETTID, true],
  ['sysinfo', 179, false],
  ['getpgid', 155, false],
])('%s is known: %d, %s', (_, number, known) => {
  expect(callSites.find(pageOf(SVC), END, number, NOTHING)!.isCached).toBe(known)
})

describe('a patched site', () => {
  const place = {at: AT, start: BEHIND - 4, relay: undefined, behind: BEHIND, number: GETTID}
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').match(/.{8}/g)

  test('branches to its trampoline, forward and back', () => {
    const page = pageOf(SVC)
    const site = callSites.find(page, END, 64, NOTHING)!
    callSites.patch(page, site, site.start + 0x10_0000)
    expect(hex(page.subarray(END - 8, END + 4))).toEqual(['00000000', '00000414', '00000000'])
    callSites.patch(page, site, site.start - 8)
    expect(hex(page.subarray(END - 4, END))).toEqual(['feffff17'])
  })

  test('calls there by the gate, as the assembler has it', () => {
    const trampolineOf = (number: number) => {
      const site = callSites.find(pageOf(SVC), END, number, NOTHING)!
      return callSites.trampoline(site, {...place, number}, FRAME + 88)
    }
    const code = trampolineOf(GETTID)
    expect(code).toHaveLength(callSites.trampolineBytes)
    expect(hex(code)).toEqual([
      '08c902d1', // sub x8, x8, #178
      '080100b5', // cbnz x8, other
      '88010058', // ldr x8, frame
      '000501a9', // stp x0, x1, [x8, #16]
      '013140f9', // ldr x1, [x8, #96]: of calls with cached results
      '40000010', // adr x0, return
      '20001fd6', // br x1
      '481680d2', // return: mov x8, #178
      'f9ff0314', // b behind
      '08c90291', // other: add x8, x8, #178
      '010000d4', // svc #0
      'f6ff0314', // b behind
      ...['04001000', 'f0ff0000'], // behind
      ...['0090ffff', 'ffff0000'], // frame
    ])
    expect(hex(trampolineOf(64))![4]).toBe('012d40f9')
  })

  test.each([
    ['before the number is looked at', 0, GETTID, 'call'],
    ['with the number taken off', 4, 0, 'call'],
    ['with another number taken off', 4, -14, 'call'],
    ['without a number', 8, 0, 'call'],
    ['with the frame', 12, FRAME, 'call'],
    ['on its way back', 28, AT + 28, 'behind'],
    ['with its number again', 32, GETTID, 'behind'],
    ['with another number still taken off', 36, -14, 'call'],
    ['in front of another call', 40, 164, 'call'],
    ['behind another call', 44, 164, 'behind'],
  ])('is left %s, at %d', (_, offset, x8, where) => {
    const registers = new BigUint64Array(REGISTER_COUNT).fill(7n)
    registers[PC] = BigInt(AT + offset)
    registers[8] = BigInt.asUintN(64, BigInt(x8))
    registers[PSTATE] = 0x8000_0c00n
    callSites.leave(registers, place)
    const isOther = x8 === -14 || x8 === 164
    const expected = new BigUint64Array(REGISTER_COUNT).fill(7n)
    expected[PC] = BigInt(where === 'behind' ? BEHIND : BEHIND - 4)
    expected[8] = BigInt(isOther ? 164 : GETTID)
    expected[PSTATE] = 0x8000_0000n
    expect(registers).toEqual(expected)
  })
})
