// arm64: how the kernel uses EL2, from all evidence; and what VHE would change where it is not in use.

import type {Check, Facts} from '../facts.ts'
import type {Finding} from '../finding.ts'
import {REPORT_IT} from '../trap-proof.ts'
import {argumentsOf} from './command-line.ts'
import {type Verdict, verdictOf} from './evidence.ts'
import {cpusOf} from './midr.ts'
import {type Clue, KERNEL_AT_EL1, MODES, type Mode, namesOf} from './modes.ts'

const WHAT_VHE_CHANGES =
  'With VHE the kernel would run at EL2 itself: no EL1/EL2 world switch at each exit, cheaper hypercalls and interrupts.'
/** Arguments that keep the kernel from using VHE on a core that has it. */
const AGAINST_VHE = ['kvm-arm.mode=nvhe', 'kvm-arm.mode=protected', 'id_aa64mmfr1.vh=0', 'arm64_sw.hvhe=1']

/** null when it could not be determined. */
export function modeOf(facts: Facts): Mode | null {
  const {modes} = verdictOf(facts)
  return modes.length === 1 ? modes[0] : null
}

export const checkMode: Check = (facts) => {
  const verdict = verdictOf(facts)
  const subject = {id: 'virtualization-mode', title: 'Use of EL2'}
  const evidence = describe([...verdict.agreeing, ...verdict.dissenting])
  if (verdict.modes.length > 1) {
    const detail = `It could not be told which of ${namesOf(verdict.modes)} it is.`
    const fix = facts.host.uid === 0 ? REPORT_IT : 'run `sudo hv check`: root may read the kernel log'
    return {...subject, status: 'warn', detail, evidence, fix}
  }
  const [mode] = verdict.modes
  const finding: Finding = {...subject, ...judgement(mode, facts), evidence}
  return [verdict.dissenting.length > 0 ? withDissent(finding, mode, verdict) : finding]
}

function judgement(mode: Mode, facts: Facts): Pick<Finding, 'status' | 'detail' | 'fix'> {
  const detail = `${MODES[mode].name}: ${MODES[mode].detail}`
  if (mode === 'el1') return {status: 'fail', detail, fix: 'see firmware'}
  if (mode === 'disabled' || mode === 'failed') return {status: 'fail', detail, fix: 'see kernel-modules'}
  if (!KERNEL_AT_EL1.includes(mode)) return {status: 'ok', detail}

  const words = argumentsOf(facts.host.read('/proc/cmdline') ?? '').filter((word) =>
    AGAINST_VHE.includes(word),
  )
  const could = couldUseVhe(facts, words)
  const status = 'info'
  const whole = `${detail} ${WHAT_VHE_CHANGES} ${could.detail}`
  return could.fix ? {status, detail: whole, fix: could.fix} : {status, detail: whole}
}

function couldUseVhe({host}: Facts, words: string[]): {detail: string; fix?: string} {
  const {cpus} = cpusOf(host)
  const without = cpus.find(({hasVhe}) => hasVhe === false)
  if (without) return {detail: `The core, ${without.name}, has no VHE: it is of Armv8.0.`}
  const names = cpus.map(({name}) => name).join(' and ')
  const asked = words.map((word) => `\`${word}\``).join(' ')
  if (cpus.length === 0 || cpus.some(({hasVhe}) => hasVhe === undefined)) {
    return {detail: `Whether ${names || 'the core'} has VHE is not known to hv.`}
  }
  if (words.length === 0)
    return {detail: `The core, ${names}, has VHE, and nothing on the command line forbids it.`}
  return {
    detail: `The core, ${names}, has VHE: the kernel was told not to use it.`,
    fix: `if you want VHE: remove ${asked} from the kernel command line`,
  }
}

/** Clues contradict each other: both are named, and the stronger is believed. */
function withDissent(finding: Finding, mode: Mode, {agreeing, dissenting}: Verdict): Finding {
  const excludes = ({modes}: Clue): boolean => !modes.some((each) => dissenting[0].modes.includes(each))
  const believed = agreeing.find(excludes) ?? agreeing[0]
  const isWish = dissenting.every(({kind}) => kind === 'command line')
  const against = dissenting.map(
    ({kind, text, modes}) => `the ${kind} (${text}) ${isWish ? 'asks for' : 'says'} ${namesOf(modes)}`,
  )
  const detail = `${finding.detail} Evidence disagrees: the ${believed.kind} says ${MODES[mode].name}, ${against.join(', ')}.`
  const status = finding.status === 'fail' ? 'fail' : 'warn'
  const fix = isWish ? 'take a kernel and a core that can do it, or remove the argument' : REPORT_IT
  return {...finding, status, detail, fix: finding.fix ?? fix}
}

/** `kernel log: "…"; interrupts: …, …` */
function describe(clues: readonly Clue[]): string {
  const kinds = [...new Set(clues.map(({kind}) => kind))]
  const textsOf = (kind: string): string =>
    clues
      .filter((clue) => clue.kind === kind)
      .map(({text}) => text)
      .join(', ')
  return kinds.map((kind) => `${kind}: ${textsOf(kind)}`).join('; ')
}
