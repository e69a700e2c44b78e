// Which platform traps faster, if both work and one of them is clearly faster.

import {CLEARLY, KVM_IS_FOR} from '../platform/costs.ts'
import type {Finding, TrapProof} from './finding.ts'
import {microseconds} from './trap-proof.ts'

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
