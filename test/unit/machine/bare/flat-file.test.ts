// Flat binaries: where they go, in which mode they start, and what is refused.

import {mkdtempSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {errorOf, run} from '../../../helpers/bare.ts'
import {describeKvm, describeOn, isPvmHost} from '../../../helpers/vm.ts'

const scratch = mkdtempSync(join(tmpdir(), 'hv-flat-'))
afterAll(() => rmSync(scratch, {recursive: true}))

function flat(name: string, code: Uint8Array): string {
  const path = join(scratch, name)
  writeFileSync(path, code)
  return path
}

/** Prints bits of its own address, and ends with status 7. */
const SAY = {
  // call 1f; 1: pop %bx; mov $0x3f8, %dx; mov %bh, %al; out %al, %dx; mov $7, %al; out %al, $0xf4
  x86_64: [0xe8, 0, 0, 0x5b, 0xba, 0xf8, 0x03, 0x88, 0xf8, 0xee, 0xb0, 7, 0xe6, 0xf4],
  // adr x1, .; lsr x1, x1, #16; movz x9, #0x0900, lsl #16; strb w1, [x9]; movz w1, #7; movz x9, #0x09f0, lsl #16; str w1, [x9];
  // movz w0, #8; movk w0, #0x8400, lsl #16; hvc #0
  arm64: [
    ...[0x10000001, 0xd350fc21, 0xd2a12009, 0x39000121, 0x528000e1, 0xd2a13e09, 0xb9000121],
    ...[0x52800100, 0x72b08000, 0xd4000002],
  ],
}
const code =
  arch.name === 'x86_64' ? Uint8Array.from(SAY.x86_64) : new Uint8Array(Uint32Array.from(SAY.arm64).buffer)

describeOn('x86_64', 'a flat binary of x86_64', () => {
  const program = flat('real', code)

  test('starts in real mode, as a boot sector does', async () => {
    expect(await run({program, flat: {}})).toMatchObject({stdout: '\x7c', exitCode: 7})
  })

  test('starts where its user says', async () => {
    expect(await run({program, flat: {address: 0x4100}})).toMatchObject({stdout: 'A', exitCode: 7})
    expect(await run({program, flat: {address: 0x85a00}})).toMatchObject({stdout: 'Z', exitCode: 7})
  })

  // inc %eax, of 32 bits and fewer; as a prefix of 64 bits: rex
  const width = Uint8Array.of(
    0x31,
    0xc0,
    0x40,
    0x90,
    0x04,
    0x30,
    0xba,
    0xf8,
    3,
    0,
    0,
    0xee,
    0xb0,
    7,
    0xe6,
    0xf4,
  )

  test.each([
    ['protected', '1'],
    ['long', '0'],
  ] as const)('starts in %s mode', async (mode, stdout) => {
    expect(await run({program: flat('width', width), flat: {mode}})).toMatchObject({stdout, exitCode: 7})
  })

  // movl %esi, %eax; add $'0', %al; mov $0x3f8, %edx; out %al, %dx; out %al, $0xf4
  const counts = Uint8Array.of(0x89, 0xf0, 0x04, 0x30, 0xba, 0xf8, 3, 0, 0, 0xee, 0xe6, 0xf4)

  test('gets arguments, and in real mode none', async () => {
    const options = {program: flat('counts', counts), args: ['one', 'two']}
    expect(await run({...options, flat: {mode: 'protected'}})).toMatchObject({stdout: '2'})
    expect(await run({...options, flat: {mode: 'long'}})).toMatchObject({stdout: '2'})
    expect(await errorOf({...options, flat: {}})).toMatchObject({code: 'BAD_ARGUMENT'})
  })

  // A PVM host executes no INT with a high vector, and goes on trying.
  test.each([
    [[0xcd, 0x10], '0x10'],
    ...(isPvmHost ? [] : [[[0xcd, 0xff], '0xff'] as [number[], string]]),
    [[0x31, 0xc9, 0xf7, 0xf1], '0x0'],
  ])('that wants a BIOS is told which interrupt it took (%#)', async (bytes, vector) => {
    const {code, message} = await errorOf({program: flat('bios', Uint8Array.from(bytes)), flat: {}})
    expect([code, message]).toEqual([
      'VCPU_FAILED',
      `the guest took interrupt ${vector} and has no handler: there is no BIOS`,
    ])
  })

  test.each([
    [{address: 0x4ff}, 'BAD_ARGUMENT'],
    [{address: 0xf0000}, 'BAD_ARGUMENT'],
    [{address: 0xefff8}, 'MEMORY_SIZE'],
    [{mode: 'el1'}, 'BAD_ARGUMENT'],
    [{mode: 'el2'}, 'BAD_ARGUMENT'],
    [{mode: 'long', address: 0xffff}, 'BAD_ARGUMENT'],
  ] as const)('does not start by %j', async (start, code) => {
    expect(await errorOf({program, flat: start})).toMatchObject({code})
  })

  test('in real mode needs the memory that real mode has', async () => {
    expect(await errorOf({program, flat: {}, memoryBytes: 0xf0000})).toMatchObject({code: 'MEMORY_SIZE'})
    expect(await run({program, flat: {}, memoryBytes: 0xf1000})).toMatchObject({exitCode: 7})
  })
})

describeOn('arm64', 'a flat binary of arm64', () => {
  const program = flat('el1', code)

  test('starts at EL1, 1 MiB into memory or where its user says', async () => {
    expect(await run({program, flat: {}})).toMatchObject({stdout: '\x10', exitCode: 7})
    expect(await run({program, flat: {mode: 'el1', address: 0x40410000}})).toMatchObject({
      stdout: 'A',
      exitCode: 7,
    })
  })

  test('starts at EL2, or is refused with what the host lacks', async () => {
    // smc #0 in place of hvc #0, which would lead to the guest itself
    const above = Uint8Array.of(...code.subarray(0, -4), 3, 0, 0, 0xd4)
    const options = {program: flat('el2', above), flat: {mode: 'el2'} as const}
    if (!addon.vmLimits().hasEl2) expect(await errorOf(options)).toMatchObject({code: 'KVM_UNUSABLE'})
    else expect(await run(options)).toMatchObject({stdout: '\x10', exitCode: 7})
  })

  test.each([{address: 0x4000ffff}, {address: 0x48000000}, {mode: 'real'}] as const)(
    'does not start by %j',
    async (flat) => {
      expect(await errorOf({program, flat})).toMatchObject({code: 'BAD_ARGUMENT'})
    },
  )
})

describeKvm('a flat binary', () => {
  const mode = arch.name === 'x86_64' ? 'long' : 'el1'

  test('is refused when it is empty', async () => {
    const program = flat('empty', new Uint8Array())
    expect(await errorOf({program, flat: {}})).toMatchObject({code: 'NOT_EXECUTABLE'})
  })

  test('is refused when it is longer than memory for it, however long it is', async () => {
    const program = flat('long', new Uint8Array())
    for (const bytes of [(2 << 20) - 0x10000 - 0x100000 + 1, 2 ** 40]) {
      truncateSync(program, bytes)
      const error = await errorOf({program, flat: {mode}, memoryBytes: 2 << 20})
      expect(error).toMatchObject({code: 'MEMORY_SIZE'})
    }
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN])('does not lie at %d', async (address) => {
    const program = flat('code', code)
    expect(await errorOf({program, flat: {mode, address}})).toMatchObject({code: 'BAD_ARGUMENT'})
  })
})
