// x86_64's registers for gdb: those of a Linux program, in the order of gdb's own descriptions, and those of a machine.

import {type Feature, flags, numbered, type RegisterField, RegisterLayout} from './register-layout.ts'

const EFLAGS = flags('i386_eflags', [
  ['CF', 0],
  ['', 1],
  ['PF', 2],
  ['AF', 4],
  ['ZF', 6],
  ['SF', 7],
  ['TF', 8],
  ['IF', 9],
  ['DF', 10],
  ['OF', 11],
  ['NT', 14],
  ['RF', 16],
  ['VM', 17],
  ['AC', 18],
  ['VIF', 19],
  ['VIP', 20],
  ['ID', 21],
])

const SSE_TYPES = `<vector id="v8bf16" type="bfloat16" count="8"/>
<vector id="v4f" type="ieee_single" count="4"/>
<vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/>
<vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/>
<vector id="v2i64" type="int64" count="2"/>
<union id="vec128">
<field name="v8_bfloat16" type="v8bf16"/>
<field name="v4_float" type="v4f"/>
<field name="v2_double" type="v2d"/>
<field name="v16_int8" type="v16i8"/>
<field name="v8_int16" type="v8i16"/>
<field name="v4_int32" type="v4i32"/>
<field name="v2_int64" type="v2i64"/>
<field name="uint128" type="uint128"/>
</union>
${flags('i386_mxcsr', [
  ...['IE', 'DE', 'ZE', 'OE', 'UE', 'PE', 'DAZ', 'IM', 'DM', 'ZM', 'OM', 'UM', 'PM'].map(
    (name, bit) => [name, bit] as const,
  ),
  ['FZ', 15],
])}`

const GENERAL = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi']
const X87_CONTROL = ['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop']
const word = {bits: 64, type: 'int64'}
const pointer = {bits: 64, type: 'data_ptr'}

const core: readonly RegisterField[] = [
  ...GENERAL.map((name) => ({...word, name})),
  {...pointer, name: 'rbp'},
  {...pointer, name: 'rsp'},
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
  {
    name: 'org.gnu.gdb.i386.segments',
    registers: ['fs_base', 'gs_base'].map((name) => ({bits: 64, type: 'int64', name})),
  },
]

const linux: Feature = {
  name: 'org.gnu.gdb.i386.linux',
  registers: [{name: 'orig_rax', bits: 64, type: 'int64', group: 'system'}],
}

/** gdb also shows registers for which it has no name of its own. */
const system: Feature = {
  name: 'hv.x86_64.system',
  registers: ['cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer'].map((name) => ({
    ...{bits: 64, type: 'int64', group: 'system'},
    name,
  })),
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
  return new RegisterLayout({
    architecture: 'i386:x86-64',
    osabi,
    features,
    expedited: ['rbp', 'rsp', 'rip'],
  })
}
