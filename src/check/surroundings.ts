// What this host itself runs in: a container, WSL, a virtual machine. Fixes depend on it.

import type {Finding} from './finding.ts'
import type {Host} from './host.ts'

export interface Surroundings {
  /** The kind of container, or null. */
  container: string | null
  isWsl: boolean
}

export function surroundingsOf(host: Host): Surroundings {
  return {
    container: containerOf(host),
    isWsl: /microsoft/i.test(host.read('/proc/sys/kernel/osrelease') ?? ''),
  }
}

function containerOf(host: Host): string | null {
  if (host.exists('/.dockerenv')) return 'docker'
  if (host.exists('/run/.containerenv')) return 'podman'
  // systemd's convention: the container manager names itself in the environment of process 1.
  const named = /(?:^|\0)container=([^\0]+)/.exec(host.read('/proc/1/environ') ?? '')
  if (named) return named[1]
  return host.exists('/var/run/secrets/kubernetes.io') ? 'kubernetes' : null
}

export function describeSurroundings(surroundings: Surroundings): Finding[] {
  const {container, isWsl} = surroundings
  if (!container && !isWsl) return []
  return [
    {
      id: 'surroundings',
      title: 'Surroundings',
      status: 'info',
      detail: container ? `This is a ${container} container.` : 'This is the Windows Subsystem for Linux.',
      evidence: container ? "the container's marks in / and in process 1" : '/proc/sys/kernel/osrelease',
    },
  ]
}
