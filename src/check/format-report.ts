// A host report for people: a line for each finding, followed by where it was read and how to fix it.

import type {Finding, FindingStatus, HostReport, PlatformName} from './finding.ts'

const COLOURS: Record<FindingStatus, string> = {ok: '32', warn: '33', fail: '31', info: '36'}
const INDENT = ' '.repeat(6)
const NARROWEST = 30

export interface ReportStyle {
  isColoured?: boolean
  /** Columns to wrap at; undefined: lines are not wrapped. */
  columns?: number
  /** The platform that the last line is about; undefined: any that works. */
  wanted?: PlatformName
}

export function formatReport(report: HostReport, {isColoured, columns, wanted}: ReportStyle = {}): string {
  const paint = (text: string, code: string): string => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text)
  const width = Math.max(...report.findings.map(({title}) => title.length))

  const margin = `${INDENT}${' '.repeat(width)}  `
  const wrap = (text: string): string[] => wrapped(text, columns && columns - margin.length)

  const lines = report.findings.flatMap(({status, title, detail, evidence, fix}: Finding) => {
    const [first, ...rest] = wrap(detail)
    return [
      `${paint(status.padEnd(4), COLOURS[status])}  ${title.padEnd(width)}  ${first}`,
      ...rest.map((line) => margin + line),
      ...wrap(evidence).map((line) => paint(margin + line, '2')),
      ...(fix ? wrap(`fix: ${fix}`).map((line) => margin + line) : []),
    ]
  })
  const {isGood, text} = verdictOf(report, wanted)
  return `${lines.join('\n')}\n\n${paint(text, isGood ? COLOURS.ok : COLOURS.fail)}\n`
}

/** Wraps between words. Text in backquotes is meant to be copied, and counts as one word. */
function wrapped(text: string, width = Number.POSITIVE_INFINITY): string[] {
  const lines = ['']
  for (const word of text.match(/[^\s`]*`[^`]*`\S*|\S+/g) ?? []) {
    const line = lines[lines.length - 1]
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= Math.max(width, NARROWEST))
      lines[lines.length - 1] += ` ${word}`
    else lines.push(word)
  }
  return lines
}

function verdictOf(report: HostReport, wanted?: PlatformName): {isGood: boolean; text: string} {
  const platform = wanted === undefined || report.platforms[wanted] ? (wanted ?? report.platform) : null
  if (platform === null) {
    const text = wanted
      ? `hv cannot run guests here by ${wanted}${whyNot(report, wanted)}.`
      : 'hv cannot run guests here.'
    return {isGood: false, text}
  }
  // A user who has not asked for a platform should learn that there is a faster one.
  const other = wanted || platform === 'kvm' ? '' : `; not by kvm${whyNot(report, 'kvm')}`
  return {isGood: true, text: `hv can run guests here, by ${platform}${other}.`}
}

function whyNot({findings}: HostReport, platform: PlatformName): string {
  const isAbout = (finding: Finding): boolean => (finding.platform ?? platform) === platform
  const failed = findings.filter((finding) => isAbout(finding) && finding.status === 'fail')
  return failed.length > 0 ? `: see ${failed.map(({title}) => title).join(', ')}` : ''
}
