// arm64's registers for gdb: those of a Linux program without SVE and its kin, and those of a machine.

import {type Feature, flags, numbered, RegisterLayout} from './register-layout.ts'

const CPSR = flags('cpsr_flags', [
  ['SP', 0],
  ['EL', 2, 3],
  ['nRW', 4],
  ['F', 6],
  ['I', 7],
  ['A', 8],
  ['D', 9],
  ['BTYPE', 10, 11],
  ['SSBS', 12],
  ['IL', 20],
  ['SS', 21],
  ['PAN', 22],
  ['UAO', 23],
  ['DIT', 24],
  ['TCO', 25],
  ['V', 28],
  ['C', 29],
  ['Z', 30],
  ['N', 31],
])

const VECTORS = `<vector id="v2d" type="ieee_double" count="2"/>
<vector id="v2u" type="uint64" count="2"/>
<vector id="v2i" type="int64" count="2"/>
<vector id="v4f" type="ieee_single" count="4"/>
<vector id="v4u" type="uint32" count="4"/>
<vector id="v4i" type="int32" count="4"/>
<vector id="v8f" type="ieee_half" count="8"/>
<vector id="v8u" type="uint16" count="8"/>
<vector id="v8i" type="int16" count="8"/>
<vector id="v16u" type="uint8" count="16"/>
<vector id="v16i" type="int8" count="16"/>
<vector id="v1u" type="uint128" count="1"/>
<vector id="v1i" type="int128" count="1"/>
<union id="vnd"><field name="f" type="v2d"/><field name="u" type="v2u"/><field name="s" type="v2i"/></union>
<union id="vns"><field name="f" type="v4f"/><field name="u" type="v4u"/><field name="s" type="v4i"/></union>
<union id="vnh"><field name="f" type="v8f"/><field name="u" type="v8u"/><field name="s" type="v8i"/></union>
<union id="vnb"><field name="u" type="v16u"/><field name="s" type="v16i"/></union>
<union id="vnq"><field name="u" type="v1u"/><field name="s" type="v1i"/></union>
<union id="aarch64v">
<field name="d" type="vnd"/><field name="s" type="vns"/><field name="h" type="vnh"/>
<field name="b" type="vnb"/><field name="q" type="vnq"/>
</union>
`

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
