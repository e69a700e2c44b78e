// startRealMode: puts an x86_64 vCPU into real mode, at an address below 1 MiB.

import * as takes from '../options.ts'
import {CODE_TYPE, DATA_TYPE, segmentRegisters} from './flat-segments.ts'
import {checkReach, requireArchitecture, type VcpuStart} from './start.ts'
import {startFields} from './start-fields.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

const realModeStart = takes.options(startFields)

const REACH = {
  end: 0x100000,
  defect: 'is out of reach: real mode has 1 MiB',
  nextStep: 'give a lower one, or take startProtectedMode',
}
/** An offset has 16 bits; a selector is the segment's base in units of 16 bytes. */
const OFFSET = 0xffffn
const UNIT_BITS = 4n
const SEGMENT_BYTES = 0x10000
/** ET, and neither PG nor PE. */
const CR0 = 0x10n
/** Interrupts off. */
const RFLAGS = 0x2n
/** 256 vectors of 4 bytes, from address 0. */
const IDT_LIMIT = 0x3ffn

/**
 * Puts an x86_64 vCPU into real mode: interrupts off, the interrupt table at address 0. The segments of code and stack are those of
 * 64 KiB, from a multiple of that, that hold `entry` and the stack; the others begin at 0. General registers other than SP keep
 * their values.
 * @throws HvError BAD_ARGUMENT, also on other architectures, and for another VM's vCPU; VCPU_BUSY, DISPOSED
 *
 * @example
 * // x86_64 only
 * using machine = Vm.create({memoryBytes: 0x10000})
 * using cpu = machine.createVcpu()
 * machine.memory.write(0x7c00, Uint8Array.of(0xb0, 0x2a, 0xe6, 0x80, 0xf4)) // mov $42, %al; out %al, $0x80; hlt
 * startRealMode(machine, cpu, {entry: 0x7c00, stack: 0x7c00}) // as a PC's firmware starts a boot sector
 * console.log(cpu.run()) // { kind: 'io', direction: 'out', port: 128, size: 1, count: 1, data: Uint8Array(1) [ 42 ] }
 */
export function startRealMode(vm: Vm, vcpu: Vcpu, start: VcpuStart): void {
  requireArchitecture('x86_64', 'startRealMode')
  const checked = takes.checked(realModeStart, start, 'start') as VcpuStart
  const {entry, stack} = checkReach(vm, vcpu, checked, REACH)
  // Of the first byte that is pushed; 0 has none below it.
  const top = stack === 0n ? 0n : stack - 1n
  const segments = {
    ...segmentRegisters(segmentOf(entry, CODE_TYPE), segmentOf(0n, DATA_TYPE)),
    'ss.base': top & ~OFFSET,
    'ss.selector': (top & ~OFFSET) >> UNIT_BITS,
  }
  vcpu.registers.set({
    ...segments,
    'idt.base': 0n,
    'idt.limit': IDT_LIMIT,
    cr0: CR0,
    cr3: 0n,
    cr4: 0n,
    efer: 0n,
    rip: entry & OFFSET,
    rsp: stack & OFFSET,
    rflags: RFLAGS,
  })
}

/** The segment that holds `address`. */
function segmentOf(address: bigint, type: number) {
  const base = address & ~OFFSET
  return {
    ...{base: Number(base), selector: Number(base >> UNIT_BITS)},
    ...{limit: SEGMENT_BYTES - 1, type, db: 0, g: 0},
  }
}
