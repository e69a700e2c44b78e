// Filters of seccomp(2): what Linux's guests cannot show (guests/linux/seccomp.c): what is remembered, and what is given back.

import {describe, expect, test} from 'vitest'
import * as bpf from '../../../../src/abi/bpf.ts'
import {ENOMEM, Errno} from '../../../../src/abi/errno.ts'
import {
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRAP,
} from '../../../../src/abi/seccomp.ts'
import {isValidFilter} from '../../../../src/sentry/seccomp/check-program.ts'
import {SeccompFilter} from '../../../../src/sentry/seccomp/filter.ts'
import {runProgram} from '../../../../src/sentry/seccomp/run-program.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {answering, programOf} from './programs.ts'

const WORDS = 16

function dataOf(callNumber: number, ...args: number[]): Int32Array {
  const data = new Int32Array(WORDS)
  data[0] = callNumber
  data.set(args, 4)
  return data
}

describe('a filter', () => {
  const budget = new Budget()

  test('knows by the number alone what it always allows', () => {
    const onArgument = programOf(
      [bpf.BPF_LD_ABS, 0],
      [bpf.BPF_JEQ_K, 7, 0, 3],
      [bpf.BPF_LD_ABS, 16],
      [bpf.BPF_JEQ_K, 1, 1, 0],
      [bpf.BPF_RET_K, SECCOMP_RET_ERRNO],
      [bpf.BPF_RET_K, SECCOMP_RET_ALLOW],
    )
    const filter = new SeccompFilter(onArgument, undefined, budget)
    for (let again = 0; again < 2; again++) {
      expect(filter.allowsAlways(6, dataOf(6))).toBe(true)
      expect(filter.allowsAlways(7, dataOf(7, 1))).toBe(false)
      // Beyond what is remembered.
      expect(filter.allowsAlways(1 << 20, dataOf(1 << 20))).toBe(false)
      expect(filter.allowsAlways(-1, dataOf(-1))).toBe(false)
    }
    expect(filter.decide(dataOf(7, 1))).toBe(SECCOMP_RET_ALLOW)
    expect(filter.decide(dataOf(7, 2))).toBe(SECCOMP_RET_ERRNO)
    const older = new SeccompFilter(answering(6, SECCOMP_RET_LOG), filter, budget)
    expect(older.allowsAlways(6, dataOf(6))).toBe(true)
    const stricter = new SeccompFilter(answering(6, SECCOMP_RET_TRAP), older, budget)
    expect(stricter.allowsAlways(6, dataOf(6))).toBe(false)
    expect(filter.allowsAlways(6, dataOf(6))).toBe(true)
  })

  test('does what the strictest of the chain says, of equal ones the newest', () => {
    let filter: SeccompFilter | undefined
    const results = [
      SECCOMP_RET_LOG,
      SECCOMP_RET_ERRNO | 1,
      SECCOMP_RET_ERRNO | 2,
      SECCOMP_RET_TRAP | 3,
      SECCOMP_RET_KILL_PROCESS | 4,
      SECCOMP_RET_ALLOW,
    ]
    const decided = results.map((result) => {
      filter = new SeccompFilter(answering(5, result), filter, budget)
      return filter.decide(dataOf(5))
    })
    expect(decided).toEqual([...results.slice(0, 5), SECCOMP_RET_KILL_PROCESS | 4])
    expect(filter!.count).toBe(6)
  })

  test('says whether a program looks at the address', () => {
    const first = new SeccompFilter(programOf([bpf.BPF_LD_ABS, 12], [bpf.BPF_RET_A, 0]), undefined, budget)
    expect(first.readsAddress).toBe(true)
    expect(new SeccompFilter(answering(1, 0), first, budget).readsAddress).toBe(true)
    expect(new SeccompFilter(answering(1, 0), undefined, budget).readsAddress).toBe(false)
  })

  test('is paid for until its last user and the filters after it are gone', () => {
    const counted = new Budget()
    const first = new SeccompFilter(answering(1, 0), undefined, counted)
    const one = counted.used
    const second = new SeccompFilter(answering(1, 0), first.share(), counted)
    expect(counted.used).toBe(2 * one)
    expect(second.descendsFrom(first)).toBe(true)
    expect(first.descendsFrom(second)).toBe(false)
    first.release()
    first.release()
    expect(counted.used).toBe(2 * one)
    second.share()
    second.release()
    second.release()
    expect(counted.used).toBe(0)
  })

  test('has so many instructions, and fails without a trace', () => {
    const long = programOf(...Array.from({length: 4095}, () => [bpf.BPF_LD_IMM, 1] as const), [
      bpf.BPF_RET_K,
      SECCOMP_RET_ALLOW,
    ])
    const counted = new Budget()
    let filter = new SeccompFilter(long, undefined, counted)
    for (let i = 1; i < 7; i++) filter = new SeccompFilter(long, filter, counted)
    const {used} = counted
    expect(() => new SeccompFilter(long, filter, counted)).toThrow(new Errno(ENOMEM))
    expect(() => new SeccompFilter(long, undefined, new Budget(10_000))).toThrow(new Errno(ENOMEM))
    expect(counted.used).toBe(used)
    // Chains are as long as the shortest programs allow: neither running nor leaving one recurses.
    let short: SeccompFilter | undefined
    const least = programOf([bpf.BPF_RET_K, SECCOMP_RET_ALLOW])
    const grow = (): void => {
      for (;;) {
        const next = new SeccompFilter(least, short, counted)
        short?.release()
        short = next
      }
    }
    expect(grow).toThrow(new Errno(ENOMEM))
    expect(short!.count).toBe(6554)
    expect(short!.decide(dataOf(1))).toBe(SECCOMP_RET_ALLOW)
    short!.release()
    expect(counted.used).toBe(used)
  })
})

describe('a program', () => {
  test('of any bytes is refused, or runs to its end', () => {
    let seed = 1
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return (seed >>> 8) % limit
    }
    const codes = Object.values(bpf).filter((value) => value < 0x100)
    let valid = 0
    for (let i = 0; i < 20_000; i++) {
      const length = 1 + random(6)
      const body = Array.from(
        {length},
        () =>
          [
            codes[random(codes.length)],
            random(8) === 0 ? 4 * random(17) : random(4),
            random(3),
            random(3),
          ] as const,
      )
      const program = programOf(...body, [bpf.BPF_RET_A, 0])
      if (!isValidFilter(program)) continue
      valid++
      const result = runProgram(program, dataOf(1, 2, 3), WORDS)
      expect(result! | 0).toBe(result)
    }
    expect(valid).toBeGreaterThan(500)
  })
})
