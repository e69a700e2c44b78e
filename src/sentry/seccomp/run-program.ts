// Runs a checked program of classic BPF over struct seccomp_data.

import * as bpf from '../../abi/bpf.ts'
import {SECCOMP_DATA_BYTES} from '../../abi/seccomp.ts'
import {type BpfProgram, codeOf, jumpIfFalse, jumpIfTrue} from './check-program.ts'

const scratch = new Int32Array(bpf.BPF_MEMWORDS)

/**
 * Precondition: isValidFilter(program).
 * @param data struct seccomp_data, as 32-bit words
 * @param known how many of its words there are: a program that loads a later one has no result yet
 * @returns what the program returns, signed; undefined: that depends on what is not known
 */
export function runProgram(program: BpfProgram, data: Int32Array, known: number): number | undefined {
  let a = 0
  let x = 0
  for (let at = 0; ; at += 2) {
    const word = program[at]
    const k = program[at + 1] | 0
    switch (codeOf(word)) {
      case bpf.BPF_LD_ABS:
        if (k >> 2 >= known) return undefined
        a = data[k >> 2]
        break
      case bpf.BPF_LD_IMM:
        a = k
        break
      case bpf.BPF_LD_LEN:
        a = SECCOMP_DATA_BYTES
        break
      case bpf.BPF_LD_MEM:
        a = scratch[k]
        break
      case bpf.BPF_LDX_IMM:
        x = k
        break
      case bpf.BPF_LDX_LEN:
        x = SECCOMP_DATA_BYTES
        break
      case bpf.BPF_LDX_MEM:
        x = scratch[k]
        break
      case bpf.BPF_ST:
        scratch[k] = a
        break
      case bpf.BPF_STX:
        scratch[k] = x
        break
      case bpf.BPF_TAX:
        x = a
        break
      case bpf.BPF_TXA:
        a = x
        break
      case bpf.BPF_JA:
        at += 2 * k
        break
      case bpf.BPF_RET_K:
        return k
      case bpf.BPF_RET_A:
        return a
      case bpf.BPF_DIV_X:
        // Linux ends the program there.
        if (x === 0) return 0
        a = ((a >>> 0) / (x >>> 0)) | 0
        break
      default: {
        const operand = word & USES_X ? x : k
        if ((word & CLASS) === JUMP)
          at += 2 * (holds(codeOf(word) & ~USES_X, a, operand) ? jumpIfTrue(word) : jumpIfFalse(word))
        else a = calculate(codeOf(word) & ~USES_X, a, operand)
      }
    }
  }
}

const USES_X = bpf.BPF_ADD_X ^ bpf.BPF_ADD_K
const CLASS = 7
const JUMP = bpf.BPF_JA

function holds(code: number, a: number, operand: number): boolean {
  switch (code) {
    case bpf.BPF_JEQ_K:
      return a === operand
    case bpf.BPF_JGT_K:
      return a >>> 0 > operand >>> 0
    case bpf.BPF_JGE_K:
      return a >>> 0 >= operand >>> 0
    default:
      return (a & operand) !== 0
  }
}

/** Shifts use the low five bits, as Linux's do. */
function calculate(code: number, a: number, operand: number): number {
  switch (code) {
    case bpf.BPF_ADD_K:
      return (a + operand) | 0
    case bpf.BPF_SUB_K:
      return (a - operand) | 0
    case bpf.BPF_MUL_K:
      return Math.imul(a, operand)
    case bpf.BPF_DIV_K:
      return ((a >>> 0) / (operand >>> 0)) | 0
    case bpf.BPF_OR_K:
      return a | operand
    case bpf.BPF_AND_K:
      return a & operand
    case bpf.BPF_LSH_K:
      return a << operand
    case bpf.BPF_RSH_K:
      return (a >>> operand) | 0
    case bpf.BPF_XOR_K:
      return a ^ operand
    default:
      return -a | 0
  }
}
