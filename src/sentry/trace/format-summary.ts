// The counts of a trace as strace's table: the calls that took the most time first.

import type {CallCount} from './summary.ts'

/** The narrowest that a column gets: strace's. */
const WIDTHS = [6, 11, 11, 9, 9] as const
const NAME_WIDTH = 16
const NS_PER_US = 1000
const NS_PER_SECOND = 1e9
const SECONDS_DIGITS = 6
const HEADER = ['% time', 'seconds', 'usecs/call', 'calls', 'errors']

/** Lines with their ends; empty when nothing was counted. */
export function formatSummary(counts: readonly CallCount[]): string {
  if (counts.length === 0) return ''
  const total = counts.reduce(
    (sum, {calls, errors, timeNs}) => ({
      name: 'total',
      calls: sum.calls + calls,
      errors: sum.errors + errors,
      timeNs: sum.timeNs + timeNs,
    }),
    {name: 'total', calls: 0, errors: 0, timeNs: 0},
  )
  const sorted = counts.toSorted((a, b) => b.timeNs - a.timeNs)
  const rows = sorted.map((count) => cellsOf(count, total.timeNs))
  const last = cellsOf(total, total.timeNs)
  const widths = WIDTHS.map((width, i) => Math.max(width, ...[...rows, last].map((cells) => cells[i].length)))
  const nameWidth = Math.max(NAME_WIDTH, ...counts.map(({name}) => name.length + 1))
  const rule = [...widths, nameWidth].map((width) => '-'.repeat(width)).join(' ')
  const line = (cells: readonly string[], name: string): string =>
    `${cells.map((cell, i) => cell.padStart(widths[i])).join(' ')} ${name}`
  const body = rows.map((cells, i) => line(cells, sorted[i].name))
  return [line(HEADER, 'syscall'), rule, ...body, rule, line(last, 'total'), ''].join('\n')
}

function cellsOf({calls, errors, timeNs}: CallCount, totalNs: number): string[] {
  const percent = totalNs === 0 ? 0 : (100 * timeNs) / totalNs
  return [
    percent.toFixed(2),
    (timeNs / NS_PER_SECOND).toFixed(SECONDS_DIGITS),
    String(Math.floor(timeNs / calls / NS_PER_US)),
    String(calls),
    errors === 0 ? '' : String(errors),
  ]
}
