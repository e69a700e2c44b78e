// chart.mjs FILE.json: draws what `bench --real --json` wrote as an SVG on standard output: times native, on a logarithmic scale.

import {readFileSync} from 'node:fs'
import {times} from './row.mjs'

const WIDTH = 880
const LEFT = 190
/** Where the dots end and the numbers begin: one column of them for each sandbox. */
const RIGHT = 590
const NUMBERS = {left: 604, column: 66}
const TOP = 64
const ROW = 22
const GAP = 14
const SIZE = 5
/**
 * The sandboxes of the chart; the table has more. The colours are of Okabe and Ito's set, which people tell apart who see no red or no
 * green, on white and on black; hv's marks are round, and gVisor's are square.
 */
const SANDBOXES = [
  {column: 'hv kvm', colour: '#0072b2', mark: circle},
  {column: 'hv ptrace', colour: '#009e73', mark: circle},
  {column: 'runsc systrap', colour: '#e69f00', mark: square},
  {column: 'runsc ptrace', colour: '#cc79a7', mark: square},
]
const KINDS = {call: 'calls', program: 'programs'}

/**
 * @param {{host: {cpu: string, cpus: number, kernel: string}, date: string, auto?: string, figures: import('./real.mjs').Figure[]}} measured
 * `auto`: the platform that hv takes on that host by itself
 * @returns {string} SVG
 */
export function chart({host, date, auto, figures}) {
  const rows = figures.filter(({values}) => SANDBOXES.some(({column}) => column in values))
  const ratios = rows.flatMap(({values}) =>
    SANDBOXES.filter(({column}) => column in values).map(({column}) => values[column] / values.native),
  )
  const first = Math.floor(Math.log10(Math.min(0.5, ...ratios)))
  const last = Math.ceil(Math.log10(Math.max(10, ...ratios)))
  const x = (ratio) => LEFT + ((Math.log10(ratio) - first) / (last - first)) * (RIGHT - LEFT)

  const parts = []
  let y = TOP
  for (const [kind, title] of Object.entries(KINDS)) {
    parts.push(text(LEFT - 12, y + 4, title, 'class="head" text-anchor="end"'))
    y += ROW
    for (const {name, values} of rows.filter((row) => row.kind === kind)) {
      parts.push(text(LEFT - 12, y + 4, name, 'text-anchor="end"'), line(LEFT, y, RIGHT, y, 'row'))
      parts.push(...marks(values, x, y, auto), ...numbers(values, y, auto))
      y += ROW
    }
    y += GAP
  }
  const bottom = y - GAP
  const scale = Array.from({length: last - first + 1}, (_, i) => 10 ** (first + i)).flatMap((ratio) => [
    line(x(ratio), TOP - 10, x(ratio), bottom, ratio === 1 ? 'native' : 'grid'),
    text(x(ratio), bottom + 16, `${ratio}×`, 'text-anchor="middle"'),
  ])
  const title = `Time against native (1×; left is faster). ${host.cpu}, ${host.cpus} CPUs, Linux ${host.kernel}, ${date}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 28}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px sans-serif;fill:#24292f}.head,.auto{font-weight:bold}.row{stroke:#d0d7de}.grid{stroke:#d0d7de;stroke-dasharray:2}.native{stroke:#57606a}.ring{fill:none;stroke:#24292f;stroke-width:1.5}',
    '@media(prefers-color-scheme:dark){text{fill:#c9d1d9}.row,.grid{stroke:#30363d}.native{stroke:#8b949e}.ring{stroke:#c9d1d9}}</style>',
    text(12, 16, title),
    ...legend(auto),
    ...scale,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

/** Heads of the columns of numbers. */
function legend(auto) {
  return SANDBOXES.flatMap(({column, colour, mark}, i) => {
    const right = numberRight(i)
    const [name, platform] = column.split(' ')
    const isAuto = column === `hv ${auto}`
    return [
      mark(right - 52, TOP - 27, colour, ''),
      ...(isAuto ? [ring(right - 52, TOP - 27)] : []),
      text(right, TOP - 23, name, 'class="head" text-anchor="end"'),
      text(right, TOP - 9, platform, `class="${isAuto ? 'auto' : ''}" text-anchor="end"`),
      ...(isAuto ? [text(right, TOP + 5, 'default', 'class="auto" text-anchor="end"')] : []),
    ]
  })
}

/** hv's default comes last, and so lies on top. */
function marks(values, x, y, auto) {
  const shown = SANDBOXES.filter(({column}) => column in values)
  const isAuto = ({column}) => column === `hv ${auto}`
  return [...shown.filter((each) => !isAuto(each)), ...shown.filter(isAuto)].flatMap((each) => {
    const ratio = values[each.column] / values.native
    const dot = each.mark(x(ratio), y, each.colour, `<title>${each.column}: ${times(ratio)}</title>`)
    return isAuto(each) ? [dot, ring(x(ratio), y)] : [dot]
  })
}

function numbers(values, y, auto) {
  return SANDBOXES.flatMap(({column}, i) => {
    const words = column in values ? times(values[column] / values.native) : '–'
    const isAuto = column === `hv ${auto}`
    return text(numberRight(i), y + 4, words, `${isAuto ? 'class="auto" ' : ''}text-anchor="end"`)
  })
}

const numberRight = (i) => NUMBERS.left + (i + 1) * NUMBERS.column

function circle(x, y, colour, inner) {
  return `<circle cx="${x.toFixed(1)}" cy="${y}" r="${SIZE}" fill="${colour}">${inner}</circle>`
}

function square(x, y, colour, inner) {
  const [left, top] = [x - SIZE + 0.5, y - SIZE + 0.5]
  const side = 2 * SIZE - 1
  return `<rect x="${left.toFixed(1)}" y="${top}" width="${side}" height="${side}" fill="${colour}">${inner}</rect>`
}

function ring(x, y) {
  return `<circle cx="${x.toFixed(1)}" cy="${y}" r="${SIZE + 2}" class="ring"/>`
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
