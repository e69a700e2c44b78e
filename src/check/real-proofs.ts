// The proofs on the real host: each platform in this process, for as long as a few system calls take.

import {readlinkSync} from 'node:fs'
import type {ProveStop, ProveTrap} from './finding.ts'

const MEMORY_BYTES = 16 << 20
/** Those that a guest's process may get: native/ptrace/start_stub.cc. */
const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup']

export const proveRealTrap: ProveTrap = async () => {
  const [{KvmPlatform}, {measureTrap}] = await Promise.all([
    import('../platform/kvm/kvm.ts'),
    import('../platform/proof.ts'),
  ])
  using platform = new KvmPlatform(MEMORY_BYTES)
  return {ok: true, ...measureTrap(platform)}
}

export const proveRealStop: ProveStop = async () => {
  const [{PtracePlatform}, {fastestTrap}] = await Promise.all([
    import('../platform/ptrace/ptrace.ts'),
    import('../platform/proof.ts'),
  ])
  using platform = new PtracePlatform(MEMORY_BYTES)
  const namespaces = ownNamespacesOf(platform.sparePid)
  return {ok: true, roundTripNs: fastestTrap(platform), ...(namespaces && {namespaces})}
}

/** man 7 namespaces: two processes are in the same one when the links are the same. undefined: they cannot be read. */
function ownNamespacesOf(pid: number | undefined): string[] | undefined {
  const linkOf = (process: number | string, name: string): string =>
    readlinkSync(`/proc/${process}/ns/${name}`)
  if (pid === undefined) return undefined
  try {
    return NAMESPACES.filter((name) => linkOf(pid, name) !== linkOf('self', name))
  } catch {
    return undefined
  }
}
