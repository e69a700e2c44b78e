// What this process may do: its capabilities, and whether seccomp confines it. man 5 proc_pid_status.

import type {Host} from './host.ts'

export interface ProcessRights {
  /** The bits of CapEff. */
  capabilities: bigint
  /** A filter decides on its system calls. */
  isFiltered: boolean
  /** The lines that show it, for people. */
  evidence: string
}

const SECCOMP_MODE_FILTER = '2'

/** null when they cannot be read. */
export function rightsOf(host: Host): ProcessRights | null {
  const text = host.read('/proc/self/status')
  if (text === null) return null
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(text)?.[1]
  const seccomp = field('Seccomp')
  const capEff = field('CapEff')
  const found = ['Seccomp', 'Seccomp_filters', 'NoNewPrivs', 'CapEff'].map(
    (name) => `${name} ${field(name) ?? '-'}`,
  )
  return {
    capabilities: capEff === undefined ? 0n : BigInt(`0x${capEff}`),
    isFiltered: seccomp === SECCOMP_MODE_FILTER,
    evidence: `/proc/self/status: ${found.join(', ')}`,
  }
}

export function hasCapability(host: Host, number: number): boolean {
  const capabilities = rightsOf(host)?.capabilities ?? 0n
  return ((capabilities >> BigInt(number)) & 1n) === 1n
}
