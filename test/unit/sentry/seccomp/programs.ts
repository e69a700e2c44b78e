// Programs for tests of seccomp filters.

import * as bpf from '../../../../src/abi/bpf.ts'
import {SECCOMP_RET_ALLOW} from '../../../../src/abi/seccomp.ts'
import type {BpfProgram} from '../../../../src/sentry/seccomp/check-program.ts'

type Instruction = readonly [code: number, k: number, jt?: number, jf?: number]

export function programOf(...instructions: Instruction[]): BpfProgram {
  return Uint32Array.from(
    instructions.flatMap(([code, k, jt = 0, jf = 0]) => [code | (jt << 16) | (jf << 24), k]),
  )
}

/** That call has that result; all others are made. */
export function answering(callNumber: number, result: number): BpfProgram {
  return programOf(
    [bpf.BPF_LD_ABS, 0],
    [bpf.BPF_JEQ_K, callNumber, 0, 1],
    [bpf.BPF_RET_K, result],
    [bpf.BPF_RET_K, SECCOMP_RET_ALLOW],
  )
}
