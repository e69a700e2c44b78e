// hostile-privileged: instructions and registers of a kernel, hypervisor, debugger: each is undefined and none has any effect.
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "fault.h"

#define FORBIDDEN(instruction)                                                             \
  do {                                                                                     \
    int signal_ = FAULT_OF(__asm__ volatile(instruction :: : "x0", "x1", "memory", "cc")); \
    if (signal_ != SIGILL) fail(__FILE__, __LINE__, instruction, signal_, 0);              \
  } while (0)
#define FORBIDDEN_TO_READ(name) FORBIDDEN("mrs x0, " name);
#define FORBIDDEN_TO_WRITE(name) FORBIDDEN("mov x0, 0; msr " name ", x0");
#define FORBIDDEN_REGISTER(name) FORBIDDEN_TO_READ(name) FORBIDDEN_TO_WRITE(name)

// Arm ARM D19: the registers of EL1, EL2 and EL3, by name or as op0_op1_CRn_CRm_op2.
static void check_registers(void) {
#define EACH_EL1_REGISTER(f)                                                                       \
  f("sctlr_el1") f("actlr_el1") f("cpacr_el1") f("ttbr0_el1") f("ttbr1_el1") f("tcr_el1")          \
      f("spsr_el1") f("elr_el1") f("sp_el0") f("spsel") f("afsr0_el1") f("afsr1_el1") f("esr_el1") \
          f("far_el1") f("par_el1") f("mair_el1") f("amair_el1") f("vbar_el1") f("contextidr_el1") \
              f("tpidr_el1") f("cntkctl_el1") f("csselr_el1") f("mdscr_el1") f("dbgbvr0_el1")      \
                  f("dbgbcr0_el1") f("dbgwvr0_el1") f("dbgwcr0_el1") f("osdlr_el1")                \
                      f("pmintenset_el1") f("daif")
  EACH_EL1_REGISTER(FORBIDDEN_REGISTER)
#define EACH_EL2_REGISTER(f)                                                                      \
  f("hcr_el2") f("vttbr_el2") f("vtcr_el2") f("sctlr_el2") f("ttbr0_el2") f("tcr_el2")            \
      f("vbar_el2") f("elr_el2") f("spsr_el2") f("esr_el2") f("far_el2") f("hpfar_el2")           \
          f("cptr_el2") f("hstr_el2") f("mdcr_el2") f("cnthctl_el2") f("cntvoff_el2") f("sp_el1") \
              f("vpidr_el2") f("vmpidr_el2") f("tpidr_el2") f("s3_5_c1_c0_0") f("s3_5_c2_c0_0")
  EACH_EL2_REGISTER(FORBIDDEN_REGISTER)
#define EACH_EL3_REGISTER(f) \
  f("scr_el3") f("sctlr_el3") f("ttbr0_el3") f("vbar_el3") f("elr_el3") f("sp_el2")
  EACH_EL3_REGISTER(FORBIDDEN_REGISTER)
  // Timers, performance counters, the debugger's channel, interrupts. Without pmselr_el0 and pmccntr_el0: QEMU 10 lets EL0
  // reach these through PMUSERENR_EL0 alone, which KVM sets while a guest runs, and does not look at MDCR_EL2.TPM.
#define EACH_GUARDED_REGISTER(f)                                                               \
  f("cntp_ctl_el0") f("cntp_cval_el0") f("cntp_tval_el0") f("cntv_ctl_el0") f("cntv_cval_el0") \
      f("cntv_tval_el0") f("pmcr_el0") f("pmcntenset_el0") f("pmxevtyper_el0") f("dbgdtr_el0") \
          f("s3_0_c4_c6_0") f("s3_0_c12_c12_5") f("s3_0_c12_c12_7")
  EACH_GUARDED_REGISTER(FORBIDDEN_REGISTER)
  FORBIDDEN_TO_READ("currentel")
  FORBIDDEN_TO_READ("isr_el1")
  FORBIDDEN_TO_READ("mdccsr_el0")
  FORBIDDEN_TO_READ("ccsidr_el1")
  FORBIDDEN_TO_READ("clidr_el1")
  FORBIDDEN_TO_READ("s3_0_c12_c12_0")
  FORBIDDEN_TO_WRITE("oslar_el1")
  FORBIDDEN_TO_WRITE("s3_0_c12_c11_5")
  FORBIDDEN_TO_WRITE("pmuserenr_el0")
  FORBIDDEN_TO_WRITE("cntfrq_el0")
  FORBIDDEN_TO_WRITE("s3_3_c0_c0_1")
  // The immediate forms: what is masked, which stack pointer, what a kernel may touch.
  FORBIDDEN("msr daifset, 2");
  FORBIDDEN("msr daifset, 15");
  FORBIDDEN("msr daifclr, 15");
  FORBIDDEN("msr spsel, 0");
  FORBIDDEN("msr spsel, 1");
  FORBIDDEN(".inst 0xd500419f");
  FORBIDDEN(".inst 0xd500409f");
  FORBIDDEN(".inst 0xd500417f");
}

// Arm ARM C5.3 to C5.5, C6.2.
static void check_instructions(void) {
  FORBIDDEN("hvc 0");
  FORBIDDEN("hvc 0xffff");
  FORBIDDEN("smc 0");
  FORBIDDEN("movz x0, 0x8400, lsl 16; movk x0, 8; hvc 0");
  FORBIDDEN("movz x0, 0xc300, lsl 16; hvc 0");
  FORBIDDEN("eret");
  FORBIDDEN(".inst 0xd6bf03e0");
  FORBIDDEN("hlt 0");
  FORBIDDEN("dcps1");
  FORBIDDEN("dcps3");
  FORBIDDEN("tlbi vmalle1");
  FORBIDDEN("tlbi vmalle1is");
  FORBIDDEN("tlbi vae1is, x0");
  FORBIDDEN("tlbi aside1, x0");
  FORBIDDEN("tlbi alle1");
  FORBIDDEN("tlbi alle2");
  FORBIDDEN("tlbi ipas2e1is, x0");
  FORBIDDEN("at s1e0r, x0");
  FORBIDDEN("at s1e1r, x0");
  FORBIDDEN("at s1e1w, x0");
  FORBIDDEN("at s12e1r, x0");
  FORBIDDEN("mov x0, 0; dc isw, x0");
  FORBIDDEN("mov x0, 0; dc csw, x0");
  FORBIDDEN("mov x0, 0; dc cisw, x0");
  FORBIDDEN("mov x0, sp; dc ivac, x0");
  FORBIDDEN("ic iallu");
  FORBIDDEN("ic ialluis");
}

#define HARMLESS(instruction) CHECK_EQ(FAULT_OF(__asm__ volatile(instruction :: : "memory")), 0)

// Hints and barriers are a program's as well. A program that waits for an interrupt goes on, as a kernel's idle loop would.
static void check_harmless(void) {
  for (int i = 0; i < 10; i++) {
    HARMLESS("wfi");
    HARMLESS("sevl; wfe");
    HARMLESS("sev; wfe");
    HARMLESS("yield");
    HARMLESS("dsb sy; dmb ish; isb; clrex");
    HARMLESS("hint 127");
  }
}

// HWCAP_CPUID: the kernel answers for the ID registers, with what user programs may know. Otherwise they may be undefined,
// but then all of them.
static void check_identification(void) {
  uint64_t value = ~0ul;
#define READ_REGISTER(name) FAULT_OF(__asm__ volatile("mrs %0, " name : "=r"(value)))
  if (!(getauxval(AT_HWCAP) & HWCAP_CPUID) && READ_REGISTER("midr_el1") == SIGILL) {
    CHECK_EQ(READ_REGISTER("id_aa64pfr0_el1"), SIGILL);
    return;
  }
  CHECK_EQ(READ_REGISTER("midr_el1"), 0);
  CHECK_EQ(READ_REGISTER("mpidr_el1"), 0);
  CHECK_EQ(value, 1ul << 31);
  CHECK_EQ(READ_REGISTER("revidr_el1"), 0);
  CHECK_EQ(value, 0);
  // EL0 runs 64-bit programs; what EL2 and EL3 offer is no business of a program.
  CHECK_EQ(READ_REGISTER("id_aa64pfr0_el1"), 0);
  CHECK_EQ(value & 0xffff, 0x11);
  CHECK_EQ(READ_REGISTER("id_aa64mmfr1_el1"), 0);
  CHECK_EQ(value >> 8 & 0xf, 0);
  // Unallocated ones in that space read as zero.
  CHECK_EQ(READ_REGISTER("s3_0_c0_c7_7"), 0);
  CHECK_EQ(value, 0);
  CHECK_EQ(FAULT_OF(__asm__ volatile("msr s3_0_c0_c4_0, xzr")), SIGILL);
}

int main(void) {
  catch_faults();
  check_registers();
  check_instructions();
  check_harmless();
  check_identification();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
