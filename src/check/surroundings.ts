// What this host itself runs in: a container, WSL, a virtual machine; whether /proc is mounted; the kernel's page size.

import {AT_NULL, AT_PAGESZ} from '../abi/auxv.ts'
import type {Facts} from './facts.ts'
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

const ENTRY_BYTES = 16

/** Bytes; null when it cannot be read. The vector has pairs of 64-bit words, little-endian on every host that hv knows. */
export function pageSizeOf(host: Host): number | null {
  const vector = host.readBytes('/proc/self/auxv')
  if (!vector) return null
  for (let at = 0; at + ENTRY_BYTES <= vector.length; at += ENTRY_BYTES) {
    const type = Number(vector.readBigUInt64LE(at))
    if (type === AT_NULL) return null
    if (type === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8))
  }
  return null
}

/** hv opens a guest's files by descriptor, through /proc/self/fd, and many checks read it. No findings where it is mounted. */
export function checkProc({host}: Facts): Finding[] {
  if (host.exists('/proc/cpuinfo') || host.exists('/proc/self')) return []
  return [
    {
      id: 'proc',
      title: '/proc',
      status: 'fail',
      detail: "It is not mounted. hv opens a guest's files through it.",
      evidence: '/proc/self: absent',
      fix: 'mount it: `sudo mount -t proc proc /proc`',
    },
  ]
}
