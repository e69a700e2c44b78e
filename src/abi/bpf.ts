// Classic BPF: the instruction codes of linux/filter.h and linux/bpf_common.h.

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
export const SOCK_FILTER_BYTES = 8
/** struct sock_fprog: u16 len, then a pointer at 8. */
export const SOCK_FPROG_BYTES = 16
export const BPF_MAXINSNS = 4096
/** Words of the scratch memory. */
export const BPF_MEMWORDS = 16

/** Classes. */
const LD = 0
const LDX = 1
export const BPF_ST = 2
export const BPF_STX = 3
const ALU = 4
const JMP = 5
const RET = 6
const MISC = 7

/** Of loads; the size of all here is a word, 0. */
const ABS = 0x20
const MEM = 0x60
const LEN = 0x80

/** The second operand is X, not k. */
const X = 8
const A = 0x10

export const BPF_LD_ABS = LD | ABS
export const BPF_LD_IMM = LD
export const BPF_LD_MEM = LD | MEM
export const BPF_LD_LEN = LD | LEN
export const BPF_LDX_IMM = LDX
export const BPF_LDX_MEM = LDX | MEM
export const BPF_LDX_LEN = LDX | LEN

export const BPF_ADD_K = ALU
export const BPF_ADD_X = BPF_ADD_K | X
export const BPF_SUB_K = ALU | 0x10
export const BPF_SUB_X = BPF_SUB_K | X
export const BPF_MUL_K = ALU | 0x20
export const BPF_MUL_X = BPF_MUL_K | X
export const BPF_DIV_K = ALU | 0x30
export const BPF_DIV_X = BPF_DIV_K | X
export const BPF_OR_K = ALU | 0x40
export const BPF_OR_X = BPF_OR_K | X
export const BPF_AND_K = ALU | 0x50
export const BPF_AND_X = BPF_AND_K | X
export const BPF_LSH_K = ALU | 0x60
export const BPF_LSH_X = BPF_LSH_K | X
export const BPF_RSH_K = ALU | 0x70
export const BPF_RSH_X = BPF_RSH_K | X
export const BPF_NEG = ALU | 0x80
export const BPF_XOR_K = ALU | 0xa0
export const BPF_XOR_X = BPF_XOR_K | X

export const BPF_JA = JMP
export const BPF_JEQ_K = JMP | 0x10
export const BPF_JEQ_X = BPF_JEQ_K | X
export const BPF_JGT_K = JMP | 0x20
export const BPF_JGT_X = BPF_JGT_K | X
export const BPF_JGE_K = JMP | 0x30
export const BPF_JGE_X = BPF_JGE_K | X
export const BPF_JSET_K = JMP | 0x40
export const BPF_JSET_X = BPF_JSET_K | X

export const BPF_RET_K = RET
export const BPF_RET_A = RET | A
export const BPF_TAX = MISC
export const BPF_TXA = MISC | 0x80
