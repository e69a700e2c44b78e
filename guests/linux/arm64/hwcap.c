// hwcap: everything that AT_HWCAP and AT_HWCAP2 promise works. The kernel's Documentation/arch/arm64/elf_hwcaps.rst.
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "fault.h"

#define WORKS(hwcaps, bit, extension, instructions) \
  if ((hwcaps) & (bit)) \
    CHECK_EQ(FAULT_OF(__asm__ volatile(".arch_extension " extension "\n" instructions ::"r"(words) \
                                       : "x0", "x1", "v0", "v1", "v2", "memory", "cc")), 0)

static uint64_t words[32] __attribute__((aligned(64)));

int main(void) {
  unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  catch_faults();
  // Every Linux on arm64 needs both.
  CHECK_EQ(first & (HWCAP_FP | HWCAP_ASIMD), HWCAP_FP | HWCAP_ASIMD);
  WORKS(first, HWCAP_FP, "fp", "fmov d0, 1.0; fadd d0, d0, d0");
  WORKS(first, HWCAP_ASIMD, "simd", "add v0.4s, v1.4s, v2.4s");
  WORKS(first, HWCAP_EVTSTRM, "fp", "wfe");
  WORKS(first, HWCAP_AES, "crypto", "aese v0.16b, v1.16b");
  WORKS(first, HWCAP_PMULL, "crypto", "pmull v0.1q, v1.1d, v2.1d");
  WORKS(first, HWCAP_SHA1, "crypto", "sha1h s0, s1");
  WORKS(first, HWCAP_SHA2, "crypto", "sha256h q0, q1, v2.4s");
  WORKS(first, HWCAP_CRC32, "crc", "crc32x w0, w1, x1");
  WORKS(first, HWCAP_ATOMICS, "lse", "mov x1, 1; ldaddal x1, x0, [%0]; swp x1, x0, [%0]");
  WORKS(first, HWCAP_FPHP, "fp16", "fadd h0, h1, h2");
  WORKS(first, HWCAP_ASIMDHP, "fp16", "fadd v0.8h, v1.8h, v2.8h");
  WORKS(first, HWCAP_CPUID, "fp", "mrs x0, id_aa64isar0_el1");
  WORKS(first, HWCAP_ASIMDRDM, "rdma", "sqrdmlah v0.4s, v1.4s, v2.4s");
  WORKS(first, HWCAP_JSCVT, "fp", ".inst 0x1e7e0000");
  WORKS(first, HWCAP_FCMA, "compnum", "fcadd v0.4s, v1.4s, v2.4s, 90");
  WORKS(first, HWCAP_LRCPC, "rcpc", "ldapr x0, [%0]");
  WORKS(first, HWCAP_DCPOP, "fp", "sys 3, c7, c12, 1, %0");
  WORKS(first, HWCAP_ASIMDDP, "dotprod", "sdot v0.4s, v1.16b, v2.16b");
  WORKS(first, HWCAP_SHA3, "sha3", "eor3 v0.16b, v1.16b, v2.16b, v0.16b");
  WORKS(first, HWCAP_SHA512, "sha3", "sha512su0 v0.2d, v1.2d");
  WORKS(first, HWCAP_SVE, "sve", "ptrue p0.b; rdvl x0, 1; add z0.b, z1.b, z2.b");
  WORKS(first, HWCAP_DIT, "fp", "mrs x0, s3_3_c4_c2_5; msr s3_3_c4_c2_5, x0");
  WORKS(first, HWCAP_ILRCPC, "rcpc", ".inst 0xd94003e0");
  WORKS(first, HWCAP_FLAGM, "flagm", "cfinv; cfinv");
  WORKS(first, HWCAP_SSBS, "fp", "mrs x0, s3_3_c4_c2_6; msr s3_3_c4_c2_6, x0");
  WORKS(first, HWCAP_SB, "sb", "sb");
  WORKS(first, HWCAP_PACA, "pauth", "mov x0, 0; mov x1, 0; pacia x0, x1; autia x0, x1");
  WORKS(first, HWCAP_PACG, "pauth", "pacga x0, x0, x1");
  WORKS(second, HWCAP2_DCPODP, "fp", "sys 3, c7, c13, 1, %0");
  WORKS(second, HWCAP2_FLAGM2, "fp", ".inst 0xd500405f; .inst 0xd500403f");
  WORKS(second, HWCAP2_FRINT, "fp", ".inst 0x1e684020");
  WORKS(second, HWCAP2_RNG, "rng", "mrs x0, s3_3_c2_c4_0");
  WORKS(second, HWCAP2_BTI, "fp", "hint 34");
  WORKS(second, HWCAP2_ECV, "fp", "mrs x0, s3_3_c14_c0_6");
  WORKS(second, HWCAP2_WFXT, "fp", "mov x0, 0; .inst 0xd5031000");
  return finish();
}
