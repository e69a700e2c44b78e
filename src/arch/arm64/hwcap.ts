// What a program is told about the processor: AT_HWCAP, AT_HWCAP2 and /proc/cpuinfo's features. A table of what works in EL0.
// Bits and names: Linux Documentation/arch/arm64/elf_hwcaps.rst, uapi/asm/hwcap.h, kernel/cpuinfo.c.

/**
 * Instructions that need nothing of EL1 and whose only state is general registers, NZCV, FPSIMD registers, FPSR and FPCR.
 * Features that are missing here are not reported, so that programs do not use them:
 * - sve*, sme*: registers that neither contexts nor signal frames have
 * - paca, pacg: nothing sets the keys; bti: pages are not guarded; mte*: memory has no tags; gcs, poe: more state
 * - mops: the kernel has to fix up an interrupted copy; fpmr, f8*: a register that is not saved
 * - cpuid: ID registers read in EL0, which the kernel emulates; evtstrm: nothing starts the timer; wfxt: WFI traps
 */
const HWCAP: Readonly<Record<string, number>> = {
  ...{fp: 0, asimd: 1, aes: 3, pmull: 4, sha1: 5, sha2: 6, crc32: 7, atomics: 8, fphp: 9, asimdhp: 10},
  ...{asimdrdm: 12, jscvt: 13, fcma: 14, lrcpc: 15, dcpop: 16, sha3: 17, sm3: 18, sm4: 19, asimddp: 20},
  ...{sha512: 21, asimdfhm: 23, dit: 24, uscat: 25, ilrcpc: 26, flagm: 27, ssbs: 28, sb: 29},
}
const HWCAP2: Readonly<Record<string, number>> = {
  ...{dcpodp: 0, flagm2: 7, frint: 8, i8mm: 13, bf16: 14, dgh: 15, rng: 16, ecv: 19, afp: 20, rpres: 21},
  ...{ebf16: 32, cssc: 34, rprfm: 35, hbc: 44, lrcpc3: 46, lut: 49, faminmax: 50},
}

const HWCAP_MASK = maskOf(HWCAP)
const HWCAP2_MASK = maskOf(HWCAP2)

/** @param hwcap the host's, like `hwcap2` */
export function hardwareCapabilities(
  hwcap: bigint,
  hwcap2: bigint,
): readonly [hwcap: bigint, hwcap2: bigint] {
  return [hwcap & HWCAP_MASK, hwcap2 & HWCAP2_MASK]
}

/** A processor's paragraph of the host's /proc/cpuinfo, with the features that a program may use. */
export function cpuinfo(hostText: string, cpu: number): string {
  const numbered = hostText.replace(/^(processor\s*: )\d+$/m, (_, label: string) => label + cpu)
  return numbered.replace(
    /^(Features\s*:)(.*)$/m,
    (_, label: string, names: string) => `${label}${names.replaceAll(/ (\S+)/g, keepKnown)}`,
  )
}

function keepKnown(word: string, name: string): string {
  return Object.hasOwn(HWCAP, name) || Object.hasOwn(HWCAP2, name) ? word : ''
}

function maskOf(bits: Readonly<Record<string, number>>): bigint {
  return Object.values(bits).reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n)
}
