// The proof: a guest in user mode of a real VM makes a system call, and the host process answers it.

import {type Facts, makesVms} from './facts.ts'
import type {Finding} from './finding.ts'

const NS_PER_US = 1000

export async function proveTrap(facts: Facts): Promise<Finding[]> {
  const subject = {id: 'trap-proof', title: 'A real trap'}
  const prove = facts.host.proveTrap
  if (!makesVms(facts) || !prove) {
    const reason = prove ? 'KVM makes no VM' : 'no prover was given'
    return [{...subject, status: 'info', detail: 'It was not tried.', evidence: reason}]
  }

  try {
    const proof = await prove()
    const evidence = 'a guest program in user mode of a VM made a system call'
    if (!proof.ok) {
      const detail = proof.detail ?? 'The system call did not arrive as it was made.'
      return [
        {
          ...subject,
          status: 'fail',
          detail,
          evidence,
          mend: 'report this with the output of `hv check --json`',
        },
      ]
    }
    const listening =
      proof.listeningNs === undefined
        ? ''
        : `, ${microseconds(proof.listeningNs)} with the host process listening`
    const detail = `A system call and back takes ${microseconds(proof.roundTripNs)} by an exit${listening}.`
    return [{...subject, status: 'ok', detail, evidence}]
  } catch (error) {
    return [
      {
        ...subject,
        status: 'fail',
        detail: `The guest did not run: ${(error as Error).message}`,
        evidence: 'a VM that this process set up',
        mend: (error as {nextStep?: string}).nextStep || 'report this with the output of `hv check --json`',
      },
    ]
  }
}

function microseconds(ns: number): string {
  return `${(ns / NS_PER_US).toFixed(1)} µs`
}
