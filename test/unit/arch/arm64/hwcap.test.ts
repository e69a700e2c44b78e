// What an arm64 program is told about the processor.

import {expect, test} from 'vitest'
import {cpuinfo, hardwareCapabilities} from '../../../../src/arch/arm64/hwcap.ts'
import {canRunArm64, numbersOfArm64} from '../../../helpers/arm64.ts'

const ALL = 0xffff_ffff_ffff_ffffn

test('a program is told nothing that it could not use', () => {
  const [hwcap, hwcap2] = hardwareCapabilities(ALL, ALL)
  // evtstrm, cpuid, sve, paca, pacg.
  for (const bit of [2n, 11n, 22n, 30n, 31n]) expect(hwcap & (1n << bit), `${bit}`).toBe(0n)
  // sve2, bti, mte, mte3, sme, wfxt, mops, fpmr, poe.
  for (const bit of [1n, 17n, 18n, 22n, 23n, 31n, 43n, 48n, 63n]) {
    expect(hwcap2 & (1n << bit), `${bit}`).toBe(0n)
  }
})

test('a program is told of no more than the host has', () => {
  // Cortex-A72: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid.
  expect(hardwareCapabilities(0x8ffn, 0n)).toEqual([0xfbn, 0n])
})

test('/proc/cpuinfo and the auxiliary vector agree', () => {
  const host =
    'processor\t: 0\nBogoMIPS\t: 243.75\n' +
    'Features\t: fp asimd evtstrm aes crc32 atomics cpuid sve paca pacg dcpodp sve2 flagm2 sme bti\n' +
    'CPU implementer\t: 0x41\n\n'
  expect(cpuinfo(host, 3)).toBe(
    'processor\t: 3\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd aes crc32 atomics dcpodp flagm2\n' +
      'CPU implementer\t: 0x41\n\n',
  )
})

test.skipIf(!canRunArm64)('every feature that stays has the bit of that name in the kernel’s header', () => {
  const kept = [
    [
      'HWCAP',
      'FP ASIMD AES PMULL SHA1 SHA2 CRC32 ATOMICS FPHP ASIMDHP ASIMDRDM JSCVT FCMA LRCPC DCPOP SHA3 SM3',
    ],
    ['HWCAP', 'SM4 ASIMDDP SHA512 ASIMDFHM DIT USCAT ILRCPC FLAGM SSBS SB'],
    [
      'HWCAP2',
      'DCPODP FLAGM2 FRINT I8MM BF16 DGH RNG ECV AFP RPRES EBF16 CSSC RPRFM HBC LRCPC3 LUT FAMINMAX',
    ],
  ]
  const terms = (word: string) =>
    kept.flatMap(([name, list]) => (name === word ? list.split(' ').map((bit) => `${word}_${bit}`) : []))
  const bitsOf = numbersOfArm64(`
    #include <stdio.h>
    #include <asm/hwcap.h>
    int main(void) {
      for (int bit = 0; bit < 64; bit++) {
        printf("HWCAP.%d %d\\n", bit, (int)(((unsigned long)(${terms('HWCAP').join('|')}) >> bit) & 1));
        printf("HWCAP2.%d %d\\n", bit, (int)(((unsigned long)(${terms('HWCAP2').join('|')}) >> bit) & 1));
      }
    }`)
  const masks = hardwareCapabilities(ALL, ALL)
  for (let bit = 0; bit < 64; bit++) {
    const kernel = [bitsOf(`HWCAP.${bit}`), bitsOf(`HWCAP2.${bit}`)]
    expect(
      masks.map((mask) => Number((mask >> BigInt(bit)) & 1n)),
      `bit ${bit}`,
    ).toEqual(kernel)
  }
})
