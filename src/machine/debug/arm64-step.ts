// Keeps interrupts waiting while an arm64 vCPU steps, as KVM does on x86_64: masks them in PSTATE, unseen by the guest.
// A stopped machine's timers run on: without this, each step would end in a handler, and none would get past a breakpoint.

import type {Vcpu} from '../../vm/vcpu.ts'

/** PSTATE.I and F, at the same bits in SPSR (Arm ARM C5.2.19). */
const MASKS = 0xc0n
const MASKS_SHIFT = 6n
/** VBAR_EL1's table: 16 vectors of 32 instructions (Arm ARM D1.3.1.5). */
const VECTORS_BYTES = 0x800n
const VECTOR_BYTES = 0x80n

/** Instructions that see the masks, as bits and values: DAIF read and written as a register; ERET, ERETAA and ERETAB (Arm ARM C6.2). */
const SEE_MASKS: readonly [bits: number, value: number][] = [
  [0xffffffe0, 0xd53b4220],
  [0xffffffe0, 0xd51b4220],
  [0xfffff000, 0xd69f0000],
]
/** MSR DAIFSet, #imm4. */
const SET_MASKS = [0xfffff0ff, 0xd50340df] as const

/** The registers that stepping reads and writes. */
export type SteppedRegisters = Pick<Vcpu['registers'], 'get' | 'getAll' | 'set'>

/** Whether exceptions go to EL1: in a machine that has EL2 they may go there. The answer never changes. */
export function mayMask(registers: SteppedRegisters): boolean {
  return !('hcr_el2' in registers.getAll())
}

/**
 * Preconditions: it may be, and the vCPU is stopped.
 * @param instruction undefined: it is not known
 * @returns to be called when the vCPU has stopped again
 */
export function maskInterrupts(registers: SteppedRegisters, instruction: number | undefined): () => void {
  const get = (name: string): bigint => registers.get(name as never)
  const set = (name: string, value: bigint): void => registers.set({[name]: value})
  const from = get('pc')
  const pstate = get('pstate')
  const added = MASKS & ~pstate
  if (added === 0n || instruction === undefined || seesMasks(instruction)) return () => {}
  set('pstate', pstate | added)
  return () => {
    const at = get('pc')
    const offset = at - get('vbar_el1')
    const isException = offset >= 0n && offset < VECTORS_BYTES && offset % VECTOR_BYTES === 0n
    // An exception masks them by itself, and has saved the state before it.
    const name = isException ? 'spsr_el1' : 'pstate'
    const kept = at === from ? 0n : masksSetBy(instruction)
    set(name, get(name) & ~(added & ~kept))
  }
}

function seesMasks(instruction: number): boolean {
  return SEE_MASKS.some(([bits, value]) => (instruction & bits) >>> 0 === value)
}

function masksSetBy(instruction: number): bigint {
  const [bits, value] = SET_MASKS
  if ((instruction & bits) >>> 0 !== value) return 0n
  return BigInt((instruction >>> 8) & 3) << MASKS_SHIFT
}
