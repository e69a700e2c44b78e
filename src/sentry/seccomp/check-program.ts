// Which programs seccomp(2) takes: bpf_check_classic of Linux's net/core/filter.c, and seccomp_check_filter of kernel/seccomp.c.

import * as bpf from '../../abi/bpf.ts'
import {SECCOMP_DATA_BYTES} from '../../abi/seccomp.ts'

/** A program of classic BPF: for each instruction, its code, jt and jf in one word (as struct sock_filter has them), then k. */
export type BpfProgram = Uint32Array

export const codeOf = (word: number): number => word & 0xffff
export const jumpIfTrue = (word: number): number => (word >>> 16) & 0xff
export const jumpIfFalse = (word: number): number => word >>> 24

const PLAIN: ReadonlySet<number> = new Set([
  ...[bpf.BPF_LD_IMM, bpf.BPF_LD_LEN, bpf.BPF_LDX_IMM, bpf.BPF_LDX_LEN],
  ...[
    bpf.BPF_ADD_K,
    bpf.BPF_ADD_X,
    bpf.BPF_SUB_K,
    bpf.BPF_SUB_X,
    bpf.BPF_MUL_K,
    bpf.BPF_MUL_X,
    bpf.BPF_DIV_X,
  ],
  ...[bpf.BPF_OR_K, bpf.BPF_OR_X, bpf.BPF_AND_K, bpf.BPF_AND_X, bpf.BPF_LSH_X, bpf.BPF_RSH_X],
  ...[bpf.BPF_NEG, bpf.BPF_XOR_K, bpf.BPF_XOR_X, bpf.BPF_RET_K, bpf.BPF_RET_A, bpf.BPF_TAX, bpf.BPF_TXA],
])
const JUMPS: ReadonlySet<number> = new Set([
  ...[bpf.BPF_JEQ_K, bpf.BPF_JEQ_X, bpf.BPF_JGT_K, bpf.BPF_JGT_X],
  ...[bpf.BPF_JGE_K, bpf.BPF_JGE_X, bpf.BPF_JSET_K, bpf.BPF_JSET_X],
])
const LOADS: ReadonlySet<number> = new Set([bpf.BPF_LD_MEM, bpf.BPF_LDX_MEM])
const STORES: ReadonlySet<number> = new Set([bpf.BPF_ST, bpf.BPF_STX])
const ALL_WORDS = (1 << bpf.BPF_MEMWORDS) - 1

/** Whether the program ends, reads only the data and what it has stored, and divides by no constant 0. */
export function isValidFilter(program: BpfProgram): boolean {
  const length = program.length / 2
  for (let at = 0; at < length; at++) {
    if (!isValidInstruction(program[2 * at], program[2 * at + 1], length - at - 1)) return false
  }
  const last = codeOf(program[2 * (length - 1)])
  return (last === bpf.BPF_RET_K || last === bpf.BPF_RET_A) && readsWhatItStored(program)
}

/** @param left instructions after this one */
function isValidInstruction(word: number, k: number, left: number): boolean {
  const code = codeOf(word)
  if (JUMPS.has(code)) return jumpIfTrue(word) < left && jumpIfFalse(word) < left
  if (LOADS.has(code) || STORES.has(code)) return k < bpf.BPF_MEMWORDS
  switch (code) {
    case bpf.BPF_LD_ABS:
      return k < SECCOMP_DATA_BYTES && k % 4 === 0
    case bpf.BPF_DIV_K:
      return k !== 0
    case bpf.BPF_LSH_K:
    case bpf.BPF_RSH_K:
      return k < 32
    case bpf.BPF_JA:
      return k < left
    default:
      return PLAIN.has(code)
  }
}

/** Jumps only lead forward: one pass knows which words every way to an instruction has stored. Precondition: all jumps are valid. */
function readsWhatItStored(program: BpfProgram): boolean {
  const length = program.length / 2
  const masks = new Uint16Array(length).fill(ALL_WORDS)
  let stored = 0
  for (let at = 0; at < length; at++) {
    const word = program[2 * at]
    const k = program[2 * at + 1]
    const code = codeOf(word)
    stored &= masks[at]
    if (STORES.has(code)) stored |= 1 << k
    else if (LOADS.has(code)) {
      if ((stored & (1 << k)) === 0) return false
    } else if (code === bpf.BPF_JA) {
      masks[at + 1 + k] &= stored
      stored = ALL_WORDS
    } else if (JUMPS.has(code)) {
      masks[at + 1 + jumpIfTrue(word)] &= stored
      masks[at + 1 + jumpIfFalse(word)] &= stored
      stored = ALL_WORDS
    }
  }
  return true
}
