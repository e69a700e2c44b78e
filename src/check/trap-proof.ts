// The proofs: a guest in user mode makes a system call, and the host process answers it. Here KVM's, the words for both, and which is faster.

import {CLEARLY, KVM_IS_FOR} from '../platform/costs.ts'
import type {Finding, TrapProof} from './finding.ts'

/** The outcome of a try: a proof, or the error thrown. */
export type Outcome<Proof extends TrapProof> =
  | {proof: Proof; error?: undefined}
  | {proof?: undefined; error: Error & {nextStep?: string}}

export const REPORT_IT = 'report this with the output of `hv check --json`'
const NS_PER_US = 1000

export async function attempt<Proof extends TrapProof>(
  prove: () => Proof | Promise<Proof>,
): Promise<Outcome<Proof>> {
  try {
    return {proof: await prove()}
  } catch (error) {
    return {error: error as Error}
  }
}

/** `ok` only when a trap was seen. @param whyNot why it was not tried, if so */
export function describeTrap(outcome: Outcome<TrapProof> | undefined, whyNot: string): Finding {
  const subject = {id: 'trap-proof', title: 'A real trap'}
  if (!outcome) return {...subject, status: 'info', detail: 'It was not tried.', evidence: whyNot}

  const {proof, error} = outcome
  if (proof) {
    const evidence = 'a guest in user mode of a VM made a system call'
    return {...subject, ...judge(proof, 'by an exit'), evidence}
  }
  const detail = `The guest did not run: ${error.message}`
  return {
    ...subject,
    status: 'fail',
    detail,
    evidence: 'a VM of this process',
    fix: error.nextStep || REPORT_IT,
  }
}

/** @param way that a system call takes: text that follows its time */
export function judge(proof: TrapProof, way: string): Pick<Finding, 'status' | 'detail' | 'fix'> {
  if (!proof.ok) {
    const detail = proof.detail ?? 'The system call did not arrive as it was made.'
    return {status: 'fail', detail, fix: REPORT_IT}
  }
  const {roundTripNs, pollingNs, wakeUpNs} = proof
  const stopped = `A system call and back takes ${microseconds(roundTripNs)} ${way}`
  const polled = pollingNs && `, ${microseconds(pollingNs)} with the host process polling`
  const wakeUp = wakeUpNs && ` To wake another processor takes ${microseconds(wakeUpNs)}.`
  return {status: 'ok', detail: `${stopped}${polled ?? ''}.${wakeUp ?? ''}`}
}

export function microseconds(ns: number): string {
  return `${(ns / NS_PER_US).toFixed(1)} µs`
}

const WHY_KVM = `${KVM_IS_FOR}, and while its calls come quickly they need no trap`

/** No findings when one of them does not work. */
export function comparePlatforms(kvm: TrapProof | undefined, ptrace: TrapProof | undefined): Finding[] {
  if (!kvm?.ok || !ptrace?.ok) return []
  const ratio = kvm.roundTripNs / ptrace.roundTripNs
  if (ratio <= CLEARLY && ratio >= 1 / CLEARLY) return []
  const times = `${(ratio > 1 ? ratio : 1 / ratio).toFixed(1)} times`
  const detail =
    ratio > 1
      ? `Traps are ${times} faster by ptrace. hv takes kvm all the same: ${WHY_KVM}. A program that traps much is faster by \`hv run --platform ptrace\`.`
      : `Traps are ${times} faster by kvm, which hv takes.`
  const evidence = `kvm: ${microseconds(kvm.roundTripNs)}; ptrace: ${microseconds(ptrace.roundTripNs)}`
  return [{id: 'platform-speed', title: 'Speed', status: 'info', detail, evidence}]
}
