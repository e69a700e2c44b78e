// The proof: a guest in user mode of a real VM makes a system call, and the host process answers it.

import {type Facts, makesVms} from './facts.ts'
import type {Finding, TrapProof} from './finding.ts'

const NS_PER_US = 1000
const REPORT_IT = 'report this with the output of `hv check --json`'

/** `ok` only when a trap was seen. */
export async function proveTrap(facts: Facts): Promise<Finding> {
  const subject = {id: 'trap-proof', title: 'A real trap'}
  const prove = facts.host.proveTrap
  if (!makesVms(facts) || !prove) {
    const evidence = prove ? 'KVM makes no VM' : 'no prover was given'
    return {...subject, status: 'info', detail: 'It was not tried.', evidence}
  }

  try {
    return {...subject, ...judge(await prove()), evidence: 'a guest in user mode of a VM made a system call'}
  } catch (error) {
    const {message, nextStep} = error as Error & {nextStep?: string}
    const detail = `The guest did not run: ${message}`
    return {...subject, status: 'fail', detail, evidence: 'a VM of this process', mend: nextStep || REPORT_IT}
  }
}

function judge(proof: TrapProof): Pick<Finding, 'status' | 'detail' | 'mend'> {
  if (!proof.ok) {
    const detail = proof.detail ?? 'The system call did not arrive as it was made.'
    return {status: 'fail', detail, mend: REPORT_IT}
  }
  const byExit = `A system call and back takes ${microseconds(proof.roundTripNs)} by an exit`
  if (proof.listeningNs === undefined) return {status: 'ok', detail: `${byExit}.`}
  const listening = microseconds(proof.listeningNs)
  return {status: 'ok', detail: `${byExit}, ${listening} with the host process listening.`}
}

function microseconds(ns: number): string {
  return `${(ns / NS_PER_US).toFixed(1)} µs`
}
