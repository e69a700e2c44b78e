// vcpu.translate beside what the processor says of the same tables (AT S1E1R and its kin, PAR_EL1), in each granule that it has.

import {expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {instructions, NOWHERE} from '../../../helpers/arm64-code.ts'
import {describeOn} from '../../../helpers/vm.ts'

const BASE = 0x40000000
const MAIR = 0xffn
/** Write-back tables, and outputs of 36 bits. */
const TCR = (1n << 8n) | (1n << 10n) | (3n << 12n) | (1n << 23n) | (1n << 32n)
/** Caches on, and what is reserved as 1. */
const SCTLR = 0x30d01804n
const [MMU, WXN] = [1n, 1n << 19n]
/** AF, and attribute 1, which MAIR has as Device-nGnRnE; inner shareable, where these bits are no part of the address. */
const [USED, DEVICE, SHARED] = [0x400n, 4n, 0x300n]
const [PRESENT, READ_ONLY] = [3n, 1n << 7n]
/** nop, which completing the last exit's store skips; at s1e1r, x0; isb; mrs x1, par_el1; and so on with s1e1w, s1e0r and s1e0w; str wzr, [x5] */
const CODE = instructions(
  0xd503201f,
  ...[0xd5087800, 0xd5087820, 0xd5087840, 0xd5087860].flatMap((at, i) => [at, 0xd5033fdf, 0xd5387401 + i]),
  0xb90000bf,
)
/** ID_AA64MMFR0_EL1 says which granules there are. */
const GRANULES = [
  {
    name: '4 KiB',
    tg: 0n,
    pageBits: 12n,
    size: 34n,
    isThere: (features: bigint) => ((features >> 28n) & 15n) < 8n,
  },
  {
    name: '16 KiB',
    tg: 2n,
    pageBits: 14n,
    size: 28n,
    isThere: (features: bigint) => ((features >> 20n) & 15n) > 0n,
  },
  {
    name: '64 KiB',
    tg: 1n,
    pageBits: 16n,
    size: 22n,
    isThere: (features: bigint) => ((features >> 24n) & 15n) < 8n,
  },
  {
    name: '4 KiB, of 52 bits',
    tg: 0n,
    pageBits: 12n,
    size: 34n,
    wide: 1n << 59n,
    isThere: (features: bigint) => ((features >> 28n) & 15n) === 1n,
  },
  {
    name: '16 KiB, of 52 bits',
    tg: 2n,
    pageBits: 14n,
    size: 28n,
    wide: 1n << 59n,
    isThere: (features: bigint) => ((features >> 20n) & 15n) === 2n,
  },
]

describeOn('arm64', 'vcpu.translate', () => {
  test.each(GRANULES)('leads where AT leads, in granules of $name', ({tg, pageBits, size, wide, isThere}) => {
    const page = 1n << pageBits
    const used = USED | (wide ? 0n : SHARED)
    using vm = Vm.create({memoryBytes: 0x200000, memoryBase: BASE})
    using vcpu = vm.createVcpu()
    // What the processor lacks it does not translate by; hv walks it all the same.
    if (!isThere(vcpu.registers.get('id_aa64mmfr0_el1'))) return
    const at = (index: bigint): bigint => BigInt(BASE) + index * page
    const [root, tables, code] = [at(1n), [at(2n), at(3n)], at(4n)]
    const put = (address: bigint, entry: bigint): void =>
      vm.memory.write(address, new Uint8Array(BigUint64Array.of(entry).buffer))
    // Read-only: with WXN, else, EL1 would not execute it.
    put(tables[0], code | used | READ_ONLY | PRESENT)
    const device = BigInt(NOWHERE) | used | DEVICE | PRESENT
    put(tables[0] + 8n, device - (device % page) + (device & 0xfffn))
    const kinds = Array.from({length: 16}, (_, bits) => bits)
    for (const bits of kinds) {
      const [user, readOnly, pxn, uxn] = [0, 1, 2, 3].map((bit) => BigInt((bits >> bit) & 1))
      const rights = (user << 6n) | (readOnly << 7n) | (pxn << 53n) | (uxn << 54n)
      for (const table of tables) put(table + 8n * BigInt(bits + 2), at(5n) | used | rights | PRESENT)
    }
    const block = pageBits * 2n - 3n
    for (const table of [0n, 1n, 2n, 3n])
      put(root + 8n * table, tables[table ? 1 : 0] | (table << 61n) | PRESENT)
    put(root + 32n, (2n << block) | used | 1n)
    vm.memory.write(code, Uint8Array.from(CODE))
    const of = (table: bigint, index: bigint): bigint => (table << block) + index * page
    // All rights of pages, and with each of tables what tables may take away.
    const wanted = [0n, 1n, 2n, 3n].flatMap((table) =>
      kinds.filter((bits) => table === 0n || bits === 1).map((bits) => of(table, BigInt(bits + 2)) + 0x10n),
    )
    for (const sctlr of tg === 0n ? [MMU, MMU | WXN] : [MMU]) {
      const start = {pstate: 0x3c5n, mair_el1: MAIR, ttbr0_el1: root, sctlr_el1: sctlr | SCTLR}
      vcpu.registers.set({...start, tcr_el1: TCR | size | (tg << 14n) | (wide ?? 0n), x5: page})
      for (const address of [...wanted, of(4n, 0n) + 0x12345n, of(5n, 0n), of(0n, 40n)]) {
        vcpu.registers.set({pc: 0n, x0: address})
        expect(vcpu.run()).toMatchObject({kind: 'mmio', isWrite: true})
        const found = vcpu.translate(address)
        const pars = (['x1', 'x2', 'x3', 'x4'] as const).map((name) => vcpu.registers.get(name))
        const can = pars.map((par) => (par & 1n) === 0n)
        const {privileged = '---', user = '---'} = found ?? {}
        expect([address, privileged[0], privileged[1], user[0], user[1]]).toEqual([
          address,
          ...can.map((is, i) => (is ? 'rw'[i % 2] : '-')),
        ])
        if (found) expect(BigInt(found.address) >> 12n).toBe((pars[0] & 0xffff_ffff_f000n) >> 12n)
      }
    }
  })
})
