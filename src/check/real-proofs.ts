// The proofs on the real host: each platform in this process, for a few system calls, and a jail in another process.

import {readlinkSync} from 'node:fs'
import {sweepCgroups} from '../jail/cgroup.ts'
import type {JailLayer} from '../jail/layer.ts'
import {packageFile} from '../package-file.ts'
import type {Platform} from '../platform/platform.ts'
import type {ProveJail, ProveStop, ProveTrap} from './finding.ts'

const MEMORY_BYTES = 16 << 20
/** The limit for a process that starts, and ends by itself. */
const LONGEST_MS = 60_000
/** The namespaces that a guest's process may get: native/ptrace/start_stub.cc. */
const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup']

export const proveRealTrap: ProveTrap = async () => {
  const {KvmPlatform} = await import('../platform/kvm/kvm.ts')
  const {meanPolled} = await import('../platform/proof.ts')
  using platform = await measured(() => new KvmPlatform(MEMORY_BYTES))
  const {trapNs, wakeUpNs} = platform.costs
  return {ok: true, roundTripNs: trapNs, pollingNs: meanPolled(platform), wakeUpNs}
}

export const proveRealStop: ProveStop = async () => {
  const {PtracePlatform} = await import('../platform/ptrace/ptrace.ts')
  let pid: number | undefined
  using platform = await measured(() => {
    const opened = new PtracePlatform(MEMORY_BYTES)
    pid = opened.sparePid
    return opened
  })
  const namespaces = ownNamespacesOf(pid)
  return {ok: true, roundTripNs: platform.costs.trapNs, ...(namespaces && {namespaces})}
}

/** Runs in its own process, started as a sandbox's is, which cannot get back what it gives up. */
export const proveRealJail: ProveJail = async () => {
  const {launch} = await import('../jail/launch.ts')
  const child = launch('hv-probe', [packageFile('dist/jail/probe.cjs')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // Node's own `timeout` waits in full even for a child that could not be started.
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
  let told = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(undefined))
    child.once('close', resolve)
  })
  clearTimeout(timer)
  sweepCgroups()
  return code === 0 ? (JSON.parse(told) as JailLayer[]) : undefined
}

/** Measures again, whatever is known, and keeps the result for later runs. */
async function measured<Opened extends Platform>(open: () => Opened): Promise<Opened> {
  const {openMeasured} = await import('../platform/open.ts')
  return openMeasured(open)
}

/** man 7 namespaces: two processes share a namespace when its links are the same. undefined when they cannot be read. */
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
