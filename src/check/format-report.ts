// A host report for people: a line for each finding, where it was read below it, and what to do about it.

import type {Finding, FindingStatus, HostReport} from './finding.ts'

const COLOURS: Record<FindingStatus, string> = {ok: '32', warn: '33', fail: '31', info: '36'}
const INDENT = ' '.repeat(6)

export function formatReport(report: HostReport, isColoured: boolean): string {
  const paint = (text: string, code: string): string => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text)
  const width = Math.max(...report.findings.map(({title}) => title.length))

  const lines = report.findings.flatMap(({status, title, detail, evidence, mend}: Finding) => [
    `${paint(status.padEnd(4), COLOURS[status])}  ${title.padEnd(width)}  ${detail}`,
    paint(`${INDENT}${' '.repeat(width)}  ${evidence}`, '2'),
    ...(mend ? [`${INDENT}${' '.repeat(width)}  mend: ${mend}`] : []),
  ])
  const verdict = report.usable
    ? paint(`hv can run guests here, by ${report.platform}.`, COLOURS.ok)
    : paint('hv cannot run guests here.', COLOURS.fail)
  return `${lines.join('\n')}\n\n${verdict}\n`
}
