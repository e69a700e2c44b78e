// chart.mjs FILE.json: draws what `bench --real --json` wrote as an SVG on standard output: times native, on a logarithmic scale.

import {readFileSync} from 'node:fs'
import {times} from './row.mjs'

const WIDTH = 880
const LEFT = 210
const RIGHT = 30
const TOP = 80
const LEGEND = {top: 36, row: 18, column: 150, columns: 4}
const ROW = 22
const GAP = 14
const DOT = 5
/** Colours that people who see no red and green can tell apart, on white and on black. */
const COLOURS = {
  'hv kvm': '#0072b2',
  'hv kvm, unpatched': '#004d80',
  'hv ptrace': '#56b4e9',
  'hv ptrace, unpatched': '#2a7fa8',
  'runsc systrap': '#d55e00',
  'runsc ptrace': '#e69f00',
}
const KINDS = {call: 'calls', program: 'programs'}

/**
 * @param {{host: {cpu: string, cpus: number, kernel: string}, date: string, figures: import('./real.mjs').Figure[]}} measured
 * @returns {string} SVG
 */
export function chart({host, date, figures}) {
  const rows = figures.filter(({values}) => Object.keys(values).length > 1)
  const ratios = rows.flatMap(({values}) => Object.values(values).map((value) => value / values.native))
  const first = Math.floor(Math.log10(Math.min(0.5, ...ratios)))
  const last = Math.ceil(Math.log10(Math.max(10, ...ratios)))
  const x = (ratio) => LEFT + ((Math.log10(ratio) - first) / (last - first)) * (WIDTH - LEFT - RIGHT)

  const parts = []
  let y = TOP
  for (const [kind, title] of Object.entries(KINDS)) {
    parts.push(text(LEFT - 12, y + 4, title, 'class="head" text-anchor="end"'))
    y += ROW
    for (const {name, values} of rows.filter((row) => row.kind === kind)) {
      parts.push(text(LEFT - 12, y + 4, name, 'text-anchor="end"'), line(LEFT, y, WIDTH - RIGHT, y, 'row'))
      for (const [column, colour] of Object.entries(COLOURS))
        if (column in values) parts.push(dot(x(values[column] / values.native), y, colour, column, values))
      y += ROW
    }
    y += GAP
  }
  const bottom = y - GAP
  const scale = Array.from({length: last - first + 1}, (_, i) => 10 ** (first + i)).flatMap((ratio) => [
    line(x(ratio), TOP - 10, x(ratio), bottom, ratio === 1 ? 'native' : 'grid'),
    text(x(ratio), bottom + 16, `${ratio}×`, 'text-anchor="middle"'),
  ])
  const legend = Object.entries(COLOURS).flatMap(([column, colour], i) => {
    const left = LEFT + (i % LEGEND.columns) * LEGEND.column
    const middle = LEGEND.top + Math.floor(i / LEGEND.columns) * LEGEND.row
    return [
      `<circle cx="${left + 6}" cy="${middle}" r="${DOT}" fill="${colour}"/>`,
      text(left + 18, middle + 4, column),
    ]
  })
  const title = `Time against native (1×; left is faster). ${host.cpu}, ${host.cpus} CPUs, Linux ${host.kernel}, ${date}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 28}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px sans-serif;fill:#24292f}.head{font-weight:bold}.row{stroke:#d0d7de}.grid{stroke:#d0d7de;stroke-dasharray:2}.native{stroke:#57606a}',
    '@media(prefers-color-scheme:dark){text{fill:#c9d1d9}.row,.grid{stroke:#30363d}.native{stroke:#8b949e}}</style>',
    text(12, 16, title),
    ...legend,
    ...scale,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function dot(x, y, colour, column, values) {
  const ratio = times(values[column] / values.native)
  return `<circle cx="${x.toFixed(1)}" cy="${y}" r="${DOT}" fill="${colour}"><title>${column}: ${ratio}</title></circle>`
}

function line(x1, y1, x2, y2, name) {
  return `<line x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}" class="${name}"/>`
}

function text(x, y, words, attributes = '') {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(words)}</text>`
}

function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

if (process.argv[1] === import.meta.filename) {
  const [, , file] = process.argv
  if (file === undefined) {
    console.error('usage: node ci/bench/chart.mjs FILE.json > CHART.svg')
    process.exit(2)
  }
  process.stdout.write(chart(JSON.parse(readFileSync(file, 'utf8'))))
}
