// Names of registers: a table of those that native/arch/*/vm_regs.cc knows. README.md documents them.

type General =
  | `r${'ax' | 'bx' | 'cx' | 'dx' | 'si' | 'di' | 'sp' | 'bp' | '8' | '9' | `1${'0' | '1' | '2' | '3' | '4' | '5'}`}`
  | 'rip'
  | 'rflags'
type System = 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'cr8' | 'efer' | 'apic_base'
type Segment = 'cs' | 'ds' | 'es' | 'fs' | 'gs' | 'ss' | 'tr' | 'ldt'
/** The SDM's names (vol. 3, 3.4.5), and `unusable` for a null selector. */
type DescriptorField = 'type' | 'p' | 'dpl' | 'db' | 's' | 'l' | 'g' | 'avl'
type SegmentField = 'base' | 'limit' | 'selector' | DescriptorField | 'unusable'
type Table = `${'gdt' | 'idt'}.${'base' | 'limit'}`

/** The SDM's names; README.md of src/vm lists them. @see {@link Registers} */
export type X86Register = General | System | `${Segment}.${SegmentField}` | Table

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type GeneralX = `x${Digit | `1${Digit}` | `2${Digit}` | '30'}`
type WithoutLevel = 'pc' | 'pstate'
type El0 = `${'sp' | 'tpidr' | 'tpidrro' | 'cntvct' | 'cntv_ctl' | 'cntv_cval'}_el0`
type El1 =
  | `${'sp' | 'elr' | 'spsr' | 'sctlr' | 'cpacr' | 'ttbr0' | 'ttbr1' | 'tcr' | 'mair' | 'vbar'}_el1`
  | `${'esr' | 'far' | 'par' | 'contextidr' | 'tpidr' | 'cntkctl' | 'midr' | 'mpidr'}_el1`
type Feature = `id_aa64${'pfr0' | 'pfr1' | 'isar0' | 'isar1' | 'mmfr0' | 'mmfr1' | 'mmfr2'}_el1`
type El2 =
  | `${'hcr' | 'sctlr' | 'cptr' | 'ttbr0' | 'ttbr1' | 'tcr' | 'vttbr' | 'vtcr' | 'mair' | 'vbar'}_el2`
  | `${'esr' | 'far' | 'hpfar' | 'elr' | 'spsr' | 'sp' | 'tpidr' | 'cnthctl'}_el2`

/** The Arm ARM's names; README.md of src/vm lists them. @see {@link Registers} */
export type Arm64Register = GeneralX | WithoutLevel | El0 | El1 | Feature | El2

/** A register's name, of either architecture; a vCPU has those of its own. @see {@link Registers} */
export type RegisterName = X86Register | Arm64Register
