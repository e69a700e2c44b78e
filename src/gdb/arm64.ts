// arm64's registers for gdb: those of a Linux program without SVE and its kin, and those of a machine.

import {type Feature, flags, numbered, RegisterLayout, union, vectors} from './register-layout.ts'

const CPSR = flags('cpsr_flags', {
  ...{SP: 0, EL: [2, 3], nRW: 4, F: 6, I: 7, A: 8, D: 9, BTYPE: [10, 11], SSBS: 12, IL: 20, SS: 21},
  ...{PAN: 22, UAO: 23, DIT: 24, TCO: 25, V: 28, C: 29, Z: 30, N: 31},
})

const VECTORS =
  vectors({
    ...{v2d: 'ieee_double', v2u: 'uint64', v2i: 'int64', v4f: 'ieee_single', v4u: 'uint32', v4i: 'int32'},
    ...{v8f: 'ieee_half', v8u: 'uint16', v8i: 'int16', v16u: 'uint8', v16i: 'int8'},
    ...{v1u: 'uint128', v1i: 'int128'},
  }) +
  union('vnd', {f: 'v2d', u: 'v2u', s: 'v2i'}) +
  union('vns', {f: 'v4f', u: 'v4u', s: 'v4i'}) +
  union('vnh', {f: 'v8f', u: 'v8u', s: 'v8i'}) +
  union('vnb', {u: 'v16u', s: 'v16i'}) +
  union('vnq', {u: 'v1u', s: 'v1i'}) +
  union('aarch64v', {d: 'vnd', s: 'vns', h: 'vnh', b: 'vnb', q: 'vnq'})

const features: readonly Feature[] = [
  {
    name: 'org.gnu.gdb.aarch64.core',
    types: CPSR,
    registers: [
      ...numbered('x', 31, {bits: 64, type: 'int'}),
      {name: 'sp', bits: 64, type: 'data_ptr'},
      {name: 'pc', bits: 64, type: 'code_ptr'},
      {name: 'cpsr', bits: 32, type: 'cpsr_flags'},
    ],
  },
  {
    name: 'org.gnu.gdb.aarch64.fpu',
    types: VECTORS,
    registers: [
      ...numbered('v', 32, {bits: 128, type: 'aarch64v'}),
      {name: 'fpsr', bits: 32, type: 'int'},
      {name: 'fpcr', bits: 32, type: 'int'},
    ],
  },
  {name: 'org.gnu.gdb.aarch64.tls', registers: [{name: 'tpidr', bits: 64, type: 'data_ptr'}]},
]

/** gdb also shows registers for which it has no name of its own. */
const system: Feature = {
  name: 'hv.arm64.system',
  registers: [
    ...['sctlr_el1', 'tcr_el1', 'ttbr0_el1', 'ttbr1_el1', 'vbar_el1'],
    ...['elr_el1', 'spsr_el1', 'esr_el1', 'far_el1', 'tpidr_el1', 'sp_el0'],
  ].map((name) => ({name, bits: 64, type: 'int64', group: 'system'})),
}

const layoutOf = (osabi: string, shown: readonly Feature[]): RegisterLayout =>
  new RegisterLayout({architecture: 'aarch64', osabi, features: shown, expedited: ['x29', 'sp', 'pc']})

export const arm64Layout = layoutOf('GNU/Linux', features)
/** For a machine without Linux's conventions. */
export const arm64MachineLayout = layoutOf('none', [...features, system])
