// The state in which a bare-metal guest starts on arm64: EL1 (EL2 when it asked for that), MMU and caches on, everything
// below 4 GiB mapped to itself. With the MMU off its accesses would bypass the caches that the host writes through
// (Arm ARM, "The effects of disabling an address translation stage"), and a real board would show it stale memory.

import type {RegisterName} from '../../vm/registers.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import {FAULT_REPORT} from '../devices/fault-report.ts'
import type {StartOfGuest} from '../machine.ts'

export const MEMORY_BASE = 0x40000000

// Below ARGUMENTS.
const TABLE = MEMORY_BASE + 0x1000
const VECTORS = MEMORY_BASE + 0x2000

const GIB = 2 ** 30
/** Of 1 GiB, in a table of level 1: Arm ARM D8.3. Access flag; EL1 alone, readable and writable. */
const BLOCK = 0x401n
const INNER_SHAREABLE = 3n << 8n
const NEVER_EXECUTE = 3n << 53n
/** Indexes into MAIR: 0 normal memory, write-back; 1 Device-nGnRE. */
const DEVICE = 1n << 2n
const MAIR = 0x04ffn

/** T0SZ = 32, 4 KiB granule, tables in write-back and inner shareable memory, 32-bit output, no TTBR1. */
const TCR = 32n | (1n << 8n) | (1n << 10n) | (3n << 12n) | (1n << 23n)
/** M C SA I, and what is RES1 in ARMv8.0: ITD SED EOS TSCXT EIS SPAN nTLSMD LSMAOE. */
const SCTLR = 0x30d0198dn
/** FPEN: floating point traps nobody. */
const CPACR = 3n << 20n
/** Debug, SError, IRQ and FIQ masked; the level's own stack pointer. */
const MASKED = 0x3c0n
const EL1H = MASKED | 5n
const EL2H = MASKED | 9n

const VECTOR_COUNT = 16
const VECTOR_BYTES = 0x80

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  writeTable(vm)
  writeVectors(vm)
  vcpu.registers.set({
    pc: BigInt(entry),
    x0: BigInt(args[0]),
    x1: BigInt(args[1]),
    x2: BigInt(args[2]),
    ...(vm.hasEl2 ? atEl2(BigInt(stack)) : atEl1(BigInt(stack))),
  })
}

type Values = Partial<Record<RegisterName, bigint>>

/** FAR: KVM resets it to a value that would puzzle who reads it in a fault report. */
const atEl1 = (stack: bigint): Values => ({
  mair_el1: MAIR,
  tcr_el1: TCR,
  ttbr0_el1: BigInt(TABLE),
  vbar_el1: BigInt(VECTORS),
  cpacr_el1: CPACR,
  far_el1: 0n,
  sctlr_el1: SCTLR,
  sp_el1: stack,
  pstate: EL1H,
})

/** KVM's vCPUs with EL2 have HCR_EL2.E2H set for ever (api.rst, KVM_ARM_VCPU_HAS_EL2): the same formats as at EL1. */
const atEl2 = (stack: bigint): Values => ({
  mair_el2: MAIR,
  tcr_el2: TCR,
  ttbr0_el2: BigInt(TABLE),
  vbar_el2: BigInt(VECTORS),
  cptr_el2: CPACR,
  far_el2: 0n,
  sctlr_el2: SCTLR,
  sp_el2: stack,
  pstate: EL2H,
})

/** One table: devices in the first GiB, memory in the others. */
function writeTable(vm: Vm): void {
  const entries = BigUint64Array.from({length: 4}, (_, index) => {
    const address = BigInt(index * GIB)
    return index * GIB < MEMORY_BASE
      ? address | BLOCK | DEVICE | NEVER_EXECUTE
      : address | BLOCK | INNER_SHAREABLE
  })
  vm.memory.write(TABLE, new Uint8Array(entries.buffer))
}

/** Until the guest has vectors of its own, each tells the machine: movz x0, #…, lsl #16; str w0, [x0]; b . */
function writeVectors(vm: Vm): void {
  const movz = 0xd2a00000 | ((FAULT_REPORT >>> 16) << 5)
  const code = Uint32Array.of(movz, 0xb9000000, 0x14000000)
  for (let i = 0; i < VECTOR_COUNT; i++) {
    vm.memory.write(VECTORS + i * VECTOR_BYTES, new Uint8Array(code.buffer))
  }
}
