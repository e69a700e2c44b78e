// Exits: what a vCPU stopped for, the same on every architecture.

import {describe, expect, test} from 'vitest'
import type {NativeVcpu} from '../../../src/vm/addon.ts'
import {readExit} from '../../../src/vm/read-exit.ts'
import {codeOf} from '../../helpers/vm.ts'

describe('what KVM seldom says', () => {
  const saying = (...words: bigint[]) =>
    ({readExit: (out: BigUint64Array) => out.set(words), readData: () => {}}) as unknown as NativeVcpu

  test("a refused entry has the processor's reason, all 64 bits of it", () => {
    const [exit] = readExit(saying(7n, 0n, 0n, 0n, 0n, 0n, 0x8000000000000021n))
    expect(exit).toEqual({kind: 'fail-entry', hardwareReason: 0x8000000000000021n})
  })

  test("a hypercall's result is handed over as it is when the next run begins", () => {
    const answers: bigint[] = []
    const native = saying(3n, 0n, 12n, 8n, 6n, 0x28n, 0n)
    native.answerHypercall = (result) => answers.push(result)
    const [exit, answer] = readExit(native)
    expect(exit).toEqual({kind: 'hypercall', number: 12, args: [0n, 0n, 0n, 0n, 0n, 0n], result: 0n})
    if (exit.kind === 'hypercall') exit.result = 0x1234n
    answer?.()
    expect(answers).toEqual([0x1234n])
  })

  test('a memory fault has its range, and whether the access was private', () => {
    const [exit, answer] = readExit(saying(13n, 1n, 0x5000n, 0x1000n, 0n, 0n, 0n))
    expect(exit).toEqual({kind: 'memory-fault', address: 0x5000, bytes: 0x1000, isPrivate: true})
    expect(answer).toBeUndefined()
  })

  test('a reason that hv does not know is VCPU_FAILED and names it', () => {
    const unknown = saying(0n, 0n, 0n, 0n, 0n, 0n, 99n)
    expect(codeOf(() => readExit(unknown))).toBe('VCPU_FAILED')
    expect(() => readExit(unknown)).toThrow('99')
  })
})
