// The table of arm64's system registers that KVM lists (KVM_GET_REG_LIST): names and encodings of the Arm ARM, D24.

/** Op0 Op1 CRn CRm, and names with their Op2. KVM swapped those of cntv_cval_el0 and cntvct_el0 (asm/kvm.h, KVM_REG_ARM_TIMER_CNT). */
const ROWS = `
2 0 0 0 dbgbvr0_el1:4 dbgbcr0_el1:5 dbgwvr0_el1:6 dbgwcr0_el1:7
2 0 0 1 dbgbvr1_el1:4 dbgbcr1_el1:5 dbgwvr1_el1:6 dbgwcr1_el1:7
2 0 0 2 mdccint_el1:0 mdscr_el1:2 dbgbvr2_el1:4 dbgbcr2_el1:5 dbgwvr2_el1:6 dbgwcr2_el1:7
2 0 0 3 dbgbvr3_el1:4 dbgbcr3_el1:5 dbgwvr3_el1:6 dbgwcr3_el1:7
2 0 0 4 dbgbvr4_el1:4 dbgbcr4_el1:5 dbgwvr4_el1:6 dbgwcr4_el1:7
2 0 0 5 dbgbvr5_el1:4 dbgbcr5_el1:5 dbgwvr5_el1:6 dbgwcr5_el1:7
2 0 0 6 dbgbvr6_el1:4 dbgbcr6_el1:5 dbgwvr6_el1:6 dbgwcr6_el1:7
2 0 0 7 dbgbvr7_el1:4 dbgbcr7_el1:5 dbgwvr7_el1:6 dbgwcr7_el1:7
2 0 0 8 dbgbvr8_el1:4 dbgbcr8_el1:5 dbgwvr8_el1:6 dbgwcr8_el1:7
2 0 0 9 dbgbvr9_el1:4 dbgbcr9_el1:5 dbgwvr9_el1:6 dbgwcr9_el1:7
2 0 0 10 dbgbvr10_el1:4 dbgbcr10_el1:5 dbgwvr10_el1:6 dbgwcr10_el1:7
2 0 0 11 dbgbvr11_el1:4 dbgbcr11_el1:5 dbgwvr11_el1:6 dbgwcr11_el1:7
2 0 0 12 dbgbvr12_el1:4 dbgbcr12_el1:5 dbgwvr12_el1:6 dbgwcr12_el1:7
2 0 0 13 dbgbvr13_el1:4 dbgbcr13_el1:5 dbgwvr13_el1:6 dbgwcr13_el1:7
2 0 0 14 dbgbvr14_el1:4 dbgbcr14_el1:5 dbgwvr14_el1:6 dbgwcr14_el1:7
2 0 0 15 dbgbvr15_el1:4 dbgbcr15_el1:5 dbgwvr15_el1:6 dbgwcr15_el1:7
2 0 1 1 oslsr_el1:4
2 4 0 7 dbgvcr32_el2:0
3 0 0 0 midr_el1:0 mpidr_el1:5 revidr_el1:6
3 0 0 1 id_pfr0_el1:0 id_pfr1_el1:1 id_dfr0_el1:2 id_afr0_el1:3 id_mmfr0_el1:4 id_mmfr1_el1:5 id_mmfr2_el1:6
3 0 0 1 id_mmfr3_el1:7
3 0 0 2 id_isar0_el1:0 id_isar1_el1:1 id_isar2_el1:2 id_isar3_el1:3 id_isar4_el1:4 id_isar5_el1:5 id_mmfr4_el1:6
3 0 0 2 id_isar6_el1:7
3 0 0 3 mvfr0_el1:0 mvfr1_el1:1 mvfr2_el1:2 id_pfr2_el1:4 id_dfr1_el1:5 id_mmfr5_el1:6
3 0 0 4 id_aa64pfr0_el1:0 id_aa64pfr1_el1:1 id_aa64zfr0_el1:4 id_aa64smfr0_el1:5 id_aa64fpfr0_el1:7
3 0 0 5 id_aa64dfr0_el1:0 id_aa64dfr1_el1:1 id_aa64dfr2_el1:2 id_aa64afr0_el1:4 id_aa64afr1_el1:5
3 0 0 6 id_aa64isar0_el1:0 id_aa64isar1_el1:1 id_aa64isar2_el1:2 id_aa64isar3_el1:3
3 0 0 7 id_aa64mmfr0_el1:0 id_aa64mmfr1_el1:1 id_aa64mmfr2_el1:2 id_aa64mmfr3_el1:3 id_aa64mmfr4_el1:4
3 0 1 0 sctlr_el1:0 actlr_el1:1 cpacr_el1:2 rgsr_el1:5 gcr_el1:6
3 0 1 2 zcr_el1:0
3 0 2 0 ttbr0_el1:0 ttbr1_el1:1 tcr_el1:2 tcr2_el1:3
3 0 2 1 apiakeylo_el1:0 apiakeyhi_el1:1 apibkeylo_el1:2 apibkeyhi_el1:3
3 0 2 2 apdakeylo_el1:0 apdakeyhi_el1:1 apdbkeylo_el1:2 apdbkeyhi_el1:3
3 0 2 3 apgakeylo_el1:0 apgakeyhi_el1:1
3 0 5 1 afsr0_el1:0 afsr1_el1:1
3 0 5 2 esr_el1:0
3 0 5 6 tfsr_el1:0 tfsre0_el1:1
3 0 6 0 far_el1:0
3 0 7 4 par_el1:0
3 0 9 14 pmintenset_el1:1 pmintenclr_el1:2 pmmir_el1:6
3 0 10 2 mair_el1:0 pire0_el1:2 pir_el1:3
3 0 10 3 amair_el1:0
3 0 12 0 vbar_el1:0
3 0 12 1 disr_el1:1
3 0 13 0 contextidr_el1:1 tpidr_el1:4
3 0 14 1 cntkctl_el1:0
3 1 0 0 clidr_el1:1 aidr_el1:7
3 2 0 0 csselr_el1:0
3 3 0 0 ctr_el0:1
3 3 9 12 pmcr_el0:0 pmcntenset_el0:1 pmcntenclr_el0:2 pmovsclr_el0:3 pmswinc_el0:4 pmselr_el0:5
3 3 9 13 pmccntr_el0:0
3 3 9 14 pmuserenr_el0:0 pmovsset_el0:3
3 3 13 0 tpidr_el0:2 tpidrro_el0:3
3 3 14 0 cntpct_el0:1 cntv_cval_el0:2
3 3 14 2 cntp_ctl_el0:1 cntp_cval_el0:2
3 3 14 3 cntv_ctl_el0:1 cntvct_el0:2
3 3 14 8 pmevcntr0_el0:0 pmevcntr1_el0:1 pmevcntr2_el0:2 pmevcntr3_el0:3 pmevcntr4_el0:4 pmevcntr5_el0:5
3 3 14 8 pmevcntr6_el0:6 pmevcntr7_el0:7
3 3 14 9 pmevcntr8_el0:0 pmevcntr9_el0:1 pmevcntr10_el0:2 pmevcntr11_el0:3 pmevcntr12_el0:4 pmevcntr13_el0:5
3 3 14 9 pmevcntr14_el0:6 pmevcntr15_el0:7
3 3 14 10 pmevcntr16_el0:0 pmevcntr17_el0:1 pmevcntr18_el0:2 pmevcntr19_el0:3 pmevcntr20_el0:4 pmevcntr21_el0:5
3 3 14 10 pmevcntr22_el0:6 pmevcntr23_el0:7
3 3 14 11 pmevcntr24_el0:0 pmevcntr25_el0:1 pmevcntr26_el0:2 pmevcntr27_el0:3 pmevcntr28_el0:4 pmevcntr29_el0:5
3 3 14 11 pmevcntr30_el0:6
3 3 14 12 pmevtyper0_el0:0 pmevtyper1_el0:1 pmevtyper2_el0:2 pmevtyper3_el0:3 pmevtyper4_el0:4 pmevtyper5_el0:5
3 3 14 12 pmevtyper6_el0:6 pmevtyper7_el0:7
3 3 14 13 pmevtyper8_el0:0 pmevtyper9_el0:1 pmevtyper10_el0:2 pmevtyper11_el0:3 pmevtyper12_el0:4
3 3 14 13 pmevtyper13_el0:5 pmevtyper14_el0:6 pmevtyper15_el0:7
3 3 14 14 pmevtyper16_el0:0 pmevtyper17_el0:1 pmevtyper18_el0:2 pmevtyper19_el0:3 pmevtyper20_el0:4
3 3 14 14 pmevtyper21_el0:5 pmevtyper22_el0:6 pmevtyper23_el0:7
3 3 14 15 pmevtyper24_el0:0 pmevtyper25_el0:1 pmevtyper26_el0:2 pmevtyper27_el0:3 pmevtyper28_el0:4
3 3 14 15 pmevtyper29_el0:5 pmevtyper30_el0:6 pmccfiltr_el0:7
3 4 0 0 vpidr_el2:0 vmpidr_el2:5
3 4 1 0 sctlr_el2:0 actlr_el2:1
3 4 1 1 hcr_el2:0 mdcr_el2:1 cptr_el2:2 hstr_el2:3 hfgrtr_el2:4 hfgwtr_el2:5 hfgitr_el2:6 hacr_el2:7
3 4 1 2 zcr_el2:0 hcrx_el2:2
3 4 2 0 ttbr0_el2:0 ttbr1_el2:1 tcr_el2:2
3 4 2 1 vttbr_el2:0 vtcr_el2:2
3 4 2 2 vncr_el2:0
3 4 3 0 dacr32_el2:0
3 4 3 1 hdfgrtr_el2:4 hdfgwtr_el2:5 hafgrtr_el2:6
3 4 4 0 spsr_el2:0 elr_el2:1
3 4 5 0 ifsr32_el2:1
3 4 5 1 afsr0_el2:0 afsr1_el2:1
3 4 5 2 esr_el2:0 vsesr_el2:3
3 4 5 3 fpexc32_el2:0
3 4 6 0 far_el2:0 hpfar_el2:4
3 4 10 2 mair_el2:0
3 4 10 3 amair_el2:0
3 4 12 0 vbar_el2:0
3 4 12 1 vdisr_el2:1
3 4 13 0 contextidr_el2:1 tpidr_el2:2
3 4 14 0 cntvoff_el2:3
3 4 14 1 cnthctl_el2:0
3 4 14 2 cnthp_ctl_el2:1 cnthp_cval_el2:2
3 4 14 3 cnthv_ctl_el2:1 cnthv_cval_el2:2
3 6 4 1 sp_el2:0
`

/** As KVM's register ids have them (api.rst, 4.68): Op0 in bits 15:14, Op1 13:11, CRn 10:7, CRm 6:3, Op2 2:0. */
export const encode = (op0: number, op1: number, crn: number, crm: number, op2: number): number =>
  (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2

const names = new Map<number, string>()
for (const row of ROWS.trim().split('\n')) {
  const [op0, op1, crn, crm, ...registers] = row.split(' ')
  for (const register of registers) {
    const [name, op2] = register.split(':')
    names.set(encode(Number(op0), Number(op1), Number(crn), Number(crm), Number(op2)), name)
  }
}

/** @returns the Arm ARM's name; for an encoding without one, e.g. `sys:3,0,c0,c3,3` */
export function systemRegisterName(encoding: number): string {
  const field = (shift: number, bits: number): number => (encoding >> shift) & ((1 << bits) - 1)
  const digits = `${field(14, 2)},${field(11, 3)},c${field(7, 4)},c${field(3, 4)},${field(0, 3)}`
  return names.get(encoding) ?? `sys:${digits}`
}
