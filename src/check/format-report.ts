// A host report for people: a line for each finding, where it was read below it, and what to do about it.

import type {Finding, FindingStatus, HostReport, PlatformName} from './finding.ts'

const COLOURS: Record<FindingStatus, string> = {ok: '32', warn: '33', fail: '31', info: '36'}
const INDENT = ' '.repeat(6)

/** @param wanted the platform that the last line is about; undefined: whichever works */
export function formatReport(report: HostReport, isColoured: boolean, wanted?: PlatformName): string {
  const paint = (text: string, code: string): string => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text)
  const width = Math.max(...report.findings.map(({title}) => title.length))

  const lines = report.findings.flatMap(({status, title, detail, evidence, mend}: Finding) => [
    `${paint(status.padEnd(4), COLOURS[status])}  ${title.padEnd(width)}  ${detail}`,
    paint(`${INDENT}${' '.repeat(width)}  ${evidence}`, '2'),
    ...(mend ? [`${INDENT}${' '.repeat(width)}  mend: ${mend}`] : []),
  ])
  const {isGood, text} = verdictOf(report, wanted)
  return `${lines.join('\n')}\n\n${paint(text, isGood ? COLOURS.ok : COLOURS.fail)}\n`
}

function verdictOf(report: HostReport, wanted?: PlatformName): {isGood: boolean; text: string} {
  const platform = wanted === undefined || report.platforms[wanted] ? (wanted ?? report.platform) : null
  if (platform === null) {
    const text = wanted
      ? `hv cannot run guests here by ${wanted}${whyNot(report, wanted)}.`
      : 'hv cannot run guests here.'
    return {isGood: false, text}
  }
  // Who has not asked for it should hear that there is something faster.
  const other = wanted || platform === 'kvm' ? '' : `; not by kvm${whyNot(report, 'kvm')}`
  return {isGood: true, text: `hv can run guests here, by ${platform}${other}.`}
}

function whyNot({findings}: HostReport, platform: PlatformName): string {
  const failed = findings.filter((finding) => finding.platform === platform && finding.status === 'fail')
  return failed.length > 0 ? `: see ${failed.map(({title}) => title).join(', ')}` : ''
}
