// Exceptions of EL0 as Linux reports them.

import {describe, expect, test} from 'vitest'
import {SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGTRAP} from '../../../../src/abi/signal.ts'
import {faultOf} from '../../../../src/arch/arm64/faults.ts'
import {PROT_EXEC, PROT_READ, PROT_WRITE} from '../../../../src/platform/platform.ts'
import {FakeContext} from './fake-context.ts'

const USER_TOP = 2 ** 48 - 4096
const PC = 0x40_1000
const STACK = 0x7000_0008
const DATA_ABORT = 0x24
const INSTRUCTION_ABORT = 0x20
const IL = 0x0200_0000
const WRITE = 0x40
const CACHE_MAINTENANCE = 0x100
/** Status codes: translation, access flag and permission faults at level 3. */
const TRANSLATION = 0x07
const ACCESS_FLAG = 0x0b
const PERMISSION = 0x0f

function fault(vector: number, syndrome = 0, address = 0x1234_5678n) {
  const errorCode = ((vector << 26) | IL | syndrome) >>> 0
  return faultOf({vector, errorCode, address, programCounter: PC}, USER_TOP, new FakeContext(STACK))
}

describe('an abort of arm64', () => {
  test.each([
    ['a read', DATA_ABORT, TRANSLATION, PROT_READ],
    ['a write', DATA_ABORT, TRANSLATION | WRITE, PROT_WRITE],
    ['a write to what may be read', DATA_ABORT, PERMISSION | WRITE, PROT_WRITE],
    ['an access that sets the access flag', DATA_ABORT, ACCESS_FLAG, PROT_READ],
    ['cache maintenance', DATA_ABORT, PERMISSION | WRITE | CACHE_MAINTENANCE, PROT_READ],
    ['a fetch', INSTRUCTION_ABORT, PERMISSION, PROT_EXEC],
    ['a fetch above the tables’ first level', INSTRUCTION_ABORT, 0x2b, PROT_EXEC],
  ])('by %s is a page fault, which may be mended', (_, vector, syndrome, access) => {
    const found = fault(vector, syndrome)
    expect(found).toMatchObject({signal: SIGSEGV, code: 1, address: 0x1234_5678, isPageFault: true, access})
    expect(found.errorCode).toBe(((vector << 26) | IL | syndrome) >>> 0)
    expect(found.recordedAddress).toBe(0x1234_5678n)
  })

  test('at a tagged address is one of the page behind the tag, and keeps the tag for si_addr', () => {
    const found = fault(DATA_ABORT, TRANSLATION, 0xb400_ffff_1234_5fffn)
    expect(found).toMatchObject({isPageFault: true, address: 0xffff_1234_5fff})
    expect(found.exactAddress).toBe(0xb400_ffff_1234_5fffn)
    expect(found.recordedAddress).toBe(0xffff_1234_5fffn)
  })

  test.each([
    ['above the program', BigInt(USER_TOP)],
    ['between the halves', 0x0010_0000_0000_0001n],
    ['in the kernel’s half', 0xffff_8000_0000_0000n],
    ['in the kernel’s half, tagged', 0x00ff_8000_0000_0000n],
  ])('%s says nothing of what is mapped there', (_, address) => {
    const found = fault(DATA_ABORT, PERMISSION | WRITE | (1 << 14), address)
    expect(found).toMatchObject({signal: SIGSEGV, code: 1, errorCode: 0x9200_0044})
    expect(found.recordedAddress).toBe(address)
    expect(found.address < 0 || found.address >= USER_TOP).toBe(true)
    expect(fault(INSTRUCTION_ABORT, PERMISSION, address).errorCode).toBe(0x8200_0004)
  })

  test.each([
    ['misaligned', 0x21, SIGBUS, 1],
    ['answered by an external abort', 0x10, SIGBUS, 3],
    ['of memory with an ECC error', 0x18, SIGBUS, 3],
    ['exclusive where that is not supported', 0x35, SIGBUS, 3],
    ['with the wrong memory tag', 0x11, SIGSEGV, 9],
    ['that finds two TLB entries', 0x30, SIGKILL, 0x80],
  ])('%s cannot be mended', (_, status, signal, code) => {
    const found = fault(DATA_ABORT, status)
    expect(found).toMatchObject({signal, code, isPageFault: false, address: 0x1234_5678})
  })

  test('by the bus has no address where FAR_EL1 holds none', () => {
    expect(fault(DATA_ABORT, 0x10 | (1 << 10)).exactAddress).toBe(0n)
  })
})

describe('an exception of arm64', () => {
  test.each([
    ['an undefined instruction', 0x00, SIGILL, 1],
    ['FP where there is none', 0x07, SIGILL, 1],
    ['a branch to no target', 0x0d, SIGILL, 1],
    ['an illegal state', 0x0e, SIGILL, 1],
    ['a system register', 0x18, SIGILL, 1],
    ['SVE', 0x19, SIGILL, 1],
    ['a pointer that fails authentication', 0x1c, SIGILL, 2],
    ['BRK', 0x3c, SIGTRAP, 1],
    ['a step', 0x32, SIGTRAP, 2],
    ['a breakpoint', 0x30, SIGTRAP, 4],
  ])('by %s is a signal at the instruction', (_, vector, signal, code) => {
    expect(fault(vector)).toMatchObject({signal, code, address: PC, isPageFault: false})
  })

  test('by a program counter off its alignment shows where it went', () => {
    expect(fault(0x22, 0, 0x40_1002n)).toMatchObject({signal: SIGBUS, code: 1, address: 0x40_1002})
  })

  test('by a stack pointer off its alignment shows that', () => {
    expect(fault(0x26, 0, 0xdeadn)).toMatchObject({signal: SIGBUS, code: 1, address: STACK})
  })

  test.each([
    ['invalid', 0x80_0001, 7],
    ['division by zero', 0x80_0002, 3],
    ['overflow', 0x80_0004, 4],
    ['underflow', 0x80_0008, 5],
    ['inexact', 0x80_0010, 6],
    ['unknown', 0x00_0001, 14],
  ])('by floating point says that it is %s', (_, syndrome, code) => {
    expect(fault(0x2c, syndrome)).toMatchObject({signal: SIGFPE, code, address: PC})
  })

  test('shows its syndrome in sigcontext where Linux does', () => {
    expect(fault(0x22).errorCode).toBe(0x8a00_0000)
    expect(fault(0x0e).errorCode).toBe(0x3a00_0000)
    expect(fault(0x00).errorCode).toBe(0)
    expect(fault(0x3c).errorCode).toBe(0)
  })
})
