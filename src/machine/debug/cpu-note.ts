// cpuNote: a vCPU's control registers and segments, as QEMU's dumps have them for crash(8): a note of its own.

import {viewOf} from '../../abi/view.ts'
import type {CoreNote} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import type {Vcpu} from '../../vm/vcpu.ts'

/** QEMUCPUState of QEMU's target/i386/arch_dump.c: a version and a size, and then these. */
const VERSION = 1
const GENERAL = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rsp', 'rbp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
  ...['rip', 'rflags'],
]
const SEGMENTS = ['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'ldt', 'tr']
const TABLES = ['gdt', 'idt']
/** Where a descriptor's second word has its fields (SDM vol. 3, 3.4.5). */
const DESCRIPTOR = {type: 8, s: 12, dpl: 13, p: 15, avl: 20, l: 21, db: 22, g: 23}
const CONTROL = ['cr0', undefined, 'cr2', 'cr3', 'cr4']
const KERNEL_GS_BASE = 0xc0000102
const SEGMENT_BYTES = 24
const BYTES =
  8 + 8 * GENERAL.length + SEGMENT_BYTES * (SEGMENTS.length + TABLES.length) + 8 * (CONTROL.length + 1)

/** None on arm64, of which QEMU's dumps have no more than the general and vector registers. Precondition: the vCPU is stopped. */
export function cpuNotes(vcpu: Vcpu): CoreNote[] {
  if (arch.name !== 'x86_64') return []
  const values: Readonly<Record<string, bigint>> = vcpu.registers.getAll()
  const bytes = new Uint8Array(BYTES)
  const view = viewOf(bytes)
  let at = 0
  const put32 = (value: number): void => {
    view.setUint32(at, value, true)
    at += 4
  }
  const put64 = (value: bigint): void => {
    view.setBigUint64(at, value, true)
    at += 8
  }
  put32(VERSION)
  put32(BYTES)
  for (const name of GENERAL) put64(values[name])
  for (const name of SEGMENTS) {
    const get = (field: string): number => Number(values[`${name}.${field}`])
    put32(get('selector'))
    put32(get('limit'))
    put32(Object.entries(DESCRIPTOR).reduce((flags, [field, shift]) => flags | (get(field) << shift), 0))
    put32(0)
    put64(values[`${name}.base`])
  }
  for (const name of TABLES) {
    put32(0)
    put32(Number(values[`${name}.limit`]))
    put32(0)
    put32(0)
    put64(values[`${name}.base`])
  }
  for (const name of CONTROL) put64(name === undefined ? 0n : values[name])
  put64(vcpu.msrs.get(KERNEL_GS_BASE))
  return [{owner: 'QEMU', type: 0, bytes}]
}
