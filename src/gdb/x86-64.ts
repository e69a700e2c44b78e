// x86_64's registers for gdb: those of a Linux program, in the order of gdb's own descriptions, and those of a machine.

import {
  type Feature,
  flags,
  numbered,
  type RegisterField,
  RegisterLayout,
  union,
  vectors,
} from './register-layout.ts'

const EFLAGS = flags('i386_eflags', {
  ...{CF: 0, '': 1, PF: 2, AF: 4, ZF: 6, SF: 7, TF: 8, IF: 9, DF: 10, OF: 11},
  ...{NT: 14, RF: 16, VM: 17, AC: 18, VIF: 19, VIP: 20, ID: 21},
})

const SSE_TYPES =
  vectors({
    ...{v8bf16: 'bfloat16', v4f: 'ieee_single', v2d: 'ieee_double'},
    ...{v16i8: 'int8', v8i16: 'int16', v4i32: 'int32', v2i64: 'int64'},
  }) +
  union('vec128', {
    ...{v8_bfloat16: 'v8bf16', v4_float: 'v4f', v2_double: 'v2d'},
    ...{v16_int8: 'v16i8', v8_int16: 'v8i16', v4_int32: 'v4i32', v2_int64: 'v2i64', uint128: 'uint128'},
  }) +
  flags('i386_mxcsr', {
    ...{IE: 0, DE: 1, ZE: 2, OE: 3, UE: 4, PE: 5, DAZ: 6},
    ...{IM: 7, DM: 8, ZM: 9, OM: 10, UM: 11, PM: 12, FZ: 15},
  })

const X87_CONTROL = ['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop']
const word = {bits: 64, type: 'int64'}

const core: readonly RegisterField[] = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi'].map((name) => ({...word, name})),
  ...['rbp', 'rsp'].map((name) => ({bits: 64, type: 'data_ptr', name})),
  ...Array.from({length: 8}, (_, i) => ({...word, name: `r${i + 8}`})),
  {bits: 64, type: 'code_ptr', name: 'rip'},
  {bits: 32, type: 'i386_eflags', name: 'eflags'},
  ...['cs', 'ss', 'ds', 'es', 'fs', 'gs'].map((name) => ({bits: 32, type: 'int32', name})),
  ...numbered('st', 8, {bits: 80, type: 'i387_ext'}),
  ...X87_CONTROL.map((name): RegisterField => ({bits: 32, type: 'int', group: 'float', name})),
]

const common: readonly Feature[] = [
  {name: 'org.gnu.gdb.i386.core', types: EFLAGS, registers: core},
  {
    name: 'org.gnu.gdb.i386.sse',
    types: SSE_TYPES,
    registers: [
      ...numbered('xmm', 16, {bits: 128, type: 'vec128'}),
      {name: 'mxcsr', bits: 32, type: 'i386_mxcsr', group: 'vector'},
    ],
  },
  {name: 'org.gnu.gdb.i386.segments', registers: ['fs_base', 'gs_base'].map((name) => ({...word, name}))},
]

const linux: Feature = {
  name: 'org.gnu.gdb.i386.linux',
  registers: [{...word, name: 'orig_rax', group: 'system'}],
}

/** gdb also shows registers for which it has no name of its own. */
const system: Feature = {
  name: 'hv.x86_64.system',
  registers: ['cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer'].map((name) => ({...word, group: 'system', name})),
}

const avx: Feature = {
  name: 'org.gnu.gdb.i386.avx',
  registers: numbered('ymm', 16, {bits: 128, type: 'uint128'}, 'h'),
}

/** @param hasAvx whether the upper halves of YMM exist */
export function x86Layout(hasAvx: boolean): RegisterLayout {
  const [core, sse, segments] = common
  return layoutOf('GNU/Linux', [core, sse, linux, segments, ...(hasAvx ? [avx] : [])])
}

/** For a machine without Linux's conventions. @param hasAvx as above */
export function x86MachineLayout(hasAvx: boolean): RegisterLayout {
  return layoutOf('none', [...common, ...(hasAvx ? [avx] : []), system])
}

function layoutOf(osabi: string, features: readonly Feature[]): RegisterLayout {
  const expedited = ['rbp', 'rsp', 'rip']
  return new RegisterLayout({architecture: 'i386:x86-64', osabi, features, expedited})
}
