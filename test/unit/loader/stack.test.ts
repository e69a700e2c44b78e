// buildStack and buildAuxv: read back the way a C runtime reads them.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {AT_EXECFN, AT_NULL, AT_PHDR, AT_PLATFORM, AT_RANDOM, AT_SYSINFO_EHDR} from '../../../src/abi/auxv.ts'
import {E2BIG} from '../../../src/abi/errno.ts'
import {parseElf} from '../../../src/elf/parse.ts'
import {buildAuxv} from '../../../src/loader/auxv.ts'
import {buildStack, type InitialStack, type StackRequest} from '../../../src/loader/stack.ts'
import {bytesReader} from '../../helpers/bytes-reader.ts'
import {elfFile} from '../elf/elf-file.ts'

const STACK_TOP = 0x7fff_ffff_f000
const random16 = Uint8Array.from({length: 16}, (_, i) => i + 1)
const build = (request: Partial<StackRequest> = {}) =>
  buildStack({
    argv: ['prog', 'a b', '\xff'],
    envp: ['A=1', 'B='],
    auxv: [[6, 4096]],
    random16,
    execfn: '/bin/prog',
    platform: 'x86_64',
    stackTop: STACK_TOP,
    stackLimit: 8 << 20,
    ...request,
  })

function readBack({sp, bytes}: InitialStack) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (address: number) => Number(view.getBigUint64(address - sp, true))
  const string = (address: number) => {
    const at = address - sp
    return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('latin1')
  }
  let at = sp + 8
  const list = () => {
    const strings: string[] = []
    for (; word(at) !== 0; at += 8) strings.push(string(word(at)))
    at += 8
    return strings
  }
  const [argv, envp] = [list(), list()]
  const auxv = new Map<number, number>()
  for (; word(at) !== AT_NULL; at += 16) auxv.set(word(at), word(at + 8))
  return {argc: word(sp), argv, envp, auxv, string}
}

test('a C runtime finds arguments, environment and auxiliary vector', () => {
  const stack = build()
  const {argc, argv, envp, auxv, string} = readBack(stack)
  expect(argc).toBe(3)
  expect(argv).toEqual(['prog', 'a b', '\xff'])
  expect(envp).toEqual(['A=1', 'B='])
  expect(auxv.get(6)).toBe(4096)
  expect(string(auxv.get(AT_EXECFN)!)).toBe('/bin/prog')
  expect(string(auxv.get(AT_PLATFORM)!)).toBe('x86_64')
  const random = auxv.get(AT_RANDOM)! - stack.sp
  expect(stack.bytes.subarray(random, random + 16)).toEqual(Buffer.from(random16))
})

test('the stack pointer is 16-byte aligned whatever the number of strings, and the bytes reach the top', () => {
  for (let count = 0; count < 9; count++) {
    const {sp, bytes} = build({envp: Array(count).fill('X=y'), jitter: 16 * count})
    expect(sp % 16).toBe(0)
    expect(sp + bytes.length).toBe(STACK_TOP)
  }
})

test('arguments and environment lie one behind the other, for /proc/self/cmdline', () => {
  const {argStart, argEnd, envEnd, sp, bytes} = build()
  const text = (from: number, to: number) =>
    Buffer.from(bytes.subarray(from - sp, to - sp)).toString('latin1')
  expect(text(argStart, argEnd)).toBe('prog\0a b\0\xff\0')
  expect(text(argEnd, envEnd)).toBe('A=1\0B=\0')
})

test('no arguments become one empty one', () => {
  expect(readBack(build({argv: []}))).toMatchObject({argc: 1, argv: ['']})
})

test('E2BIG: one string of more than 128 KiB, or all of more than a quarter of the stack', () => {
  const tooBig = expect.objectContaining({code: E2BIG})
  const full = 'x'.repeat(131071)
  expect(() => build({argv: [full]})).not.toThrow()
  expect(catchOf(() => build({argv: [`${full}x`]}))).toEqual(tooBig)
  expect(() => build({argv: Array(15).fill(full)})).not.toThrow()
  expect(catchOf(() => build({argv: Array(16).fill(full)}))).toEqual(tooBig)
  expect(catchOf(() => build({argv: Array(48).fill(full), stackLimit: Infinity}))).toEqual(tooBig)
  expect(catchOf(() => build({argv: Array(20_000).fill(''), stackLimit: 4096}))).toEqual(tooBig)
})

test('a string with a NUL or with text that is no byte string is refused', () => {
  expect(() => build({argv: ['a\0b']})).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
  expect(() => build({envp: ['€']})).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
})

test('the auxiliary vector has the biased addresses, and the vDSO only when there is one', () => {
  const image = parseElf(bytesReader(elfFile()), 'prog')
  const identity = {
    uid: 0,
    euid: 0,
    gid: 0,
    egid: 0,
    secure: false,
    hwcap: 1,
    hwcap2: 2n,
    minSignalStack: 2048,
  }
  const layout = {bias: 0x1000, interpreterBias: 0, vdsoAddress: 0}
  const without = new Map(buildAuxv({image, layout, ...identity}))
  expect(without.get(AT_PHDR)).toBe(0x401040)
  expect(without.has(AT_SYSINFO_EHDR)).toBe(false)
  const withVdso = new Map(buildAuxv({image, layout: {...layout, vdsoAddress: 0x7000}, ...identity}))
  expect(withVdso.get(AT_SYSINFO_EHDR)).toBe(0x7000)
})

test('the auxiliary vector has what the kernel of this host gives', () => {
  const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer)
  // The kernel's rseq sizes (27 and up to 29) are absent: the sentry refuses rseq.
  const native = [...words].filter((_, i) => i % 2 === 0).map(Number)
  const expected = native.filter((type) => type !== AT_NULL && (type < 27 || type > 29))
  const image = parseElf(bytesReader(elfFile()), 'prog')
  const identity = {
    uid: 0,
    euid: 0,
    gid: 0,
    egid: 0,
    secure: false,
    hwcap: 1,
    hwcap2: 2,
    minSignalStack: 2048,
  }
  const layout = {bias: 0, interpreterBias: 0, vdsoAddress: 0x7000}
  const built = readBack(build({auxv: buildAuxv({image, layout, ...identity})})).auxv
  expect([...built.keys()].filter((type) => native.includes(type)).sort()).toEqual([...expected].sort())
})

// toThrow would need an Error, which Errno is not.
function catchOf(body: () => unknown): unknown {
  try {
    return body()
  } catch (error) {
    return error
  }
}
