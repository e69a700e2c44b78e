// What a step on arm64 leaves of the masks that keep interrupts away meanwhile: in PSTATE, and where an exception saved it.

import {expect, test} from 'vitest'
import {maskInterrupts, mayMask, type SteppedRegisters} from '../../../../src/machine/debug/arm64-step.ts'

const FROM = 0x1000n
const VECTORS = 0x8000n
/** EL1h, and the bits that mask interrupts. */
const [EL1, F, I] = [0x5n, 0x40n, 0x80n]
const ALL = 0x3c0n
const [NOP, ERET, MRS_DAIF, MSR_DAIF] = [0xd503201f, 0xd69f03e0, 0xd53b4223, 0xd51b4225]
const [MASK_I, MASK_ALL, UNMASK_I] = [0xd50342df, 0xd5034fdf, 0xd50342ff]

/** A vCPU that should step over an instruction, and does what `act` says. */
function stepped(
  instruction: number | undefined,
  pstate: bigint,
  act: (values: Record<string, bigint>) => void,
  more: Record<string, bigint> = {},
) {
  const values: Record<string, bigint> = {pc: FROM, pstate, vbar_el1: VECTORS, spsr_el1: 0n, ...more}
  const registers = {
    get: (name: string) => values[name],
    getAll: () => values,
    set: (written: Record<string, bigint>) => Object.assign(values, written),
  } as unknown as SteppedRegisters
  const unmask = mayMask(registers) ? maskInterrupts(registers, instruction) : () => {}
  const during = values.pstate
  act(values)
  unmask()
  return {during, after: values.pstate, saved: values.spsr_el1}
}

const goOn = (values: Record<string, bigint>): void => {
  values.pc += 4n
}

test('interrupts are masked while it steps, and then are as they were', () => {
  expect(stepped(NOP, EL1, goOn)).toMatchObject({during: EL1 | I | F, after: EL1})
  expect(stepped(NOP, EL1 | F, goOn)).toMatchObject({during: EL1 | I | F, after: EL1 | F})
})

test('an exception has saved them as they were', () => {
  const except = (values: Record<string, bigint>): void => {
    values.spsr_el1 = values.pstate
    values.pstate |= ALL
    values.pc = VECTORS + 0x200n
  }
  expect(stepped(NOP, EL1, except)).toMatchObject({after: EL1 | ALL, saved: EL1})
})

test('what masks or unmasks them does', () => {
  const unmaskI = (values: Record<string, bigint>): void => {
    values.pstate &= ~I
    goOn(values)
  }
  expect(stepped(MASK_I, EL1, goOn).after).toBe(EL1 | I)
  expect(stepped(MASK_ALL, EL1, goOn).after).toBe(EL1 | I | F)
  expect(stepped(UNMASK_I, EL1 | I, unmaskI).after).toBe(EL1)
})

test('one that was not done has masked nothing', () => {
  expect(stepped(MASK_I, EL1, () => {}).after).toBe(EL1)
})

test('they come where the instruction sees the masks, is unknown, or the machine has EL2', () => {
  for (const instruction of [ERET, MRS_DAIF, MSR_DAIF, undefined])
    expect(stepped(instruction, EL1, goOn).during).toBe(EL1)
  expect(stepped(NOP, EL1, goOn, {hcr_el2: 0n}).during).toBe(EL1)
})
