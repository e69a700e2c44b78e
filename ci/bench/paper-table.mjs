// The papers' table: their figures, and the text that sets ours beside them.

import {digits} from './row.mjs'

/** Rows by name, in the order of ISCA 2016's table II; then what ATC 2017's table 2 adds, and what only hv measures. */
export const BENCHMARKS = {
  hypercall: 'Hypercall',
  controller: 'Interrupt Controller Trap',
  ipi: 'Virtual IPI',
  completion: 'Virtual IRQ Completion',
  switch: 'VM Switch',
  out: 'I/O Latency Out',
  in: 'I/O Latency In',
  'io-user': 'I/O User',
  'in-waiting': 'In, the guest asleep',
}

/**
 * @typedef {object} Column
 * @property {string} source a paper, a bed, or this host
 * @property {string} mode
 * @property {'split' | 'vhe'} [kind] arm64: how KVM uses EL2: from a Linux at EL1, or with Linux at EL2
 * @property {string} unit
 * @property {Record<string, number>} values by the names of BENCHMARKS; missing ones are left out
 * @property {Record<string, number>} [errors] how far off a value may be, where that is known
 * @property {Record<string, string>} [why] why there is no value, or a remark on it
 * @property {string} [remark] on the whole column
 */

const isca = {source: 'ISCA 2016', unit: 'cycles'}
const atc = {source: 'ATC 2017', unit: 'cycles'}
/**
 * KVM's columns of these papers; Xen's are left out.
 * - Dall, Li, Lim, Nieh, Koloventzos: ARM Virtualization: Performance and Architectural Implications (ISCA 2016), table II
 * - Dall, Li, Nieh: Optimizing the Design and Implementation of the Linux ARM Hypervisor (USENIX ATC 2017), table 2, which calls an
 *   access to a device that the kernel emulates, such as the interrupt controller, I/O Kernel. Its "VHE" is el2Linux (3.2, 5): there was no
 *   hardware with VHE, so a changed Linux runs at EL2 of a Cortex-A57 (Armv8.0), under a redesigned KVM
 * @type {Record<'arm64' | 'x86_64', Column[]>}
 */
export const PAPERS = {
  arm64: [
    {
      ...isca,
      mode: 'split mode',
      values: {
        ...{hypercall: 6500, controller: 7370, ipi: 11_557, completion: 71},
        ...{switch: 10_387, out: 6024, in: 13_872},
      },
    },
    {
      ...atc,
      mode: 'split mode',
      kind: 'split',
      values: {hypercall: 6413, controller: 8034, ipi: 13_121, 'io-user': 10_012},
    },
    {
      ...atc,
      mode: 'el2Linux',
      kind: 'vhe',
      remark:
        'a changed Linux at EL2 with a redesigned KVM, on Armv8.0 without VHE: it stands in for VHE and is no VHE hardware',
      values: {hypercall: 752, controller: 1604, ipi: 2526, 'io-user': 7630},
    },
  ],
  x86_64: [
    {
      ...isca,
      mode: 'x86',
      values: {
        ...{hypercall: 1300, controller: 2384, ipi: 5230, completion: 1556},
        ...{switch: 4812, out: 560, in: 18_923},
      },
    },
    {
      ...atc,
      mode: 'x86',
      values: {hypercall: 1437, controller: 2565, ipi: 3102, 'io-user': 6732},
    },
  ],
}

/** @param {Column} column @returns {number | undefined} how many hypercalls of the same column the value amounts to */
export function hypercalls({values}, name) {
  return values[name] === undefined || !(values.hypercall > 0) ? undefined : values[name] / values.hypercall
}

/**
 * @param {'arm64' | 'x86_64'} architecture
 * @param {Column[]} measured
 * @returns {string} each figure with how many hypercalls it is; VHE against split mode; and the remarks on figures
 */
export function paperTable(architecture, measured) {
  const papers = PAPERS[architecture]
  const columns = [
    {head: [architecture, '', ''], cells: Object.values(BENCHMARKS)},
    ...[...papers, ...quotients(papers), ...measured, ...quotients(measured)].map(textOf),
  ]
  const widths = columns.map(({head, cells}) => Math.max(...[...head, ...cells].map(({length}) => length)))
  const lines = Array.from({length: columns[0].head.length + columns[0].cells.length}, (_, line) =>
    columns
      .map(({head, cells}, i) => {
        const text = [...head, ...cells][line]
        return i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])
      })
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...[...papers, ...measured].flatMap(remarks)].join('\n')
}

/** The first column with Linux at EL2 divided by the first without. */
function quotients(columns) {
  const split = columns.find(({kind}) => kind === 'split')
  const vhe = columns.find(({kind}) => kind === 'vhe')
  if (split === undefined || vhe === undefined) return []
  const names = Object.keys(BENCHMARKS).filter(
    (name) => vhe.values[name] !== undefined && split.values[name] > 0,
  )
  const values = Object.fromEntries(names.map((name) => [name, vhe.values[name] / split.values[name]]))
  const [above, below] = vhe.source === split.source ? [vhe.mode, split.mode] : [vhe.source, split.source]
  return [{source: `${above} /`, mode: below, unit: '', values, isQuotient: true}]
}

function textOf({source, mode, unit, isQuotient = false, ...column}) {
  const cells = Object.keys(BENCHMARKS).map((name) => {
    const value = column.values[name]
    if (value === undefined) return '–'
    if (isQuotient) return value.toFixed(2)
    const error = column.errors?.[name]
    const ratio = hypercalls(column, name)
    return [
      Math.abs(value) < 1 ? '0' : digits(value),
      ...(error === undefined ? [] : [`±${digits(error)}`]),
      ...(ratio === undefined ? [] : [`(${ratio.toFixed(2)})`]),
    ].join(' ')
  })
  return {head: [source, mode, unit], cells}
}

function remarks({source, mode, remark, why = {}}) {
  const ofRows = Object.entries(why).map(([name, text]) => `${source}, ${BENCHMARKS[name]}: ${text}`)
  return remark === undefined ? ofRows : [`${source}, ${mode}: ${remark}`, ...ofRows]
}
