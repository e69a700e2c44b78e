// nativeHost: the host that hv runs on: the one place where kernels and file systems use the addon, and host files that a jail hides.

import {closeSync, openSync, readFileSync, readSync} from 'node:fs'
import {addon} from '../addon.ts'
import type {ByteString} from './file.ts'
import type {Host} from './host.ts'

type Fill = (target: Uint8Array) => void

/** More than one processor's paragraph takes. */
const CPUINFO_BYTES = 1 << 14

// From the first look: a jail has no /dev, /proc and /sys.
let fill: Fill | undefined
let cpuinfo: ByteString | undefined
let clocksource: string | undefined

export const nativeHost: Host = {
  clock: {
    monotonicNs: addon.monotonicNs,
    readClock: addon.readClock,
    get countsCycles() {
      return addon.cyclesAreInvariant() && isCounter(readClocksource())
    },
    sampleClocks: addon.sampleClocks,
    realtimeMs: () => Date.now(),
  },
  random: {
    fill(target) {
      fill ??= chooseFill()
      fill(target)
      return target
    },
  },
  files: addon,
  hwcap: addon.hwcap,
  hwcap2: addon.hwcap2,
  cpuinfo: readCpuinfo,
}

/** Looks at what a jail hides. Call while host files can be opened. */
export function openNativeHost(): void {
  fill ??= chooseFill()
  readCpuinfo()
  readClocksource()
}

/**
 * man 4 random. Not from node:crypto, unless a jail has nothing but /dev/kvm: loading that takes 3 ms of each start. The descriptor stays
 * open, so a guest can use up all others.
 */
function chooseFill(): Fill {
  let fd: number
  try {
    fd = openSync('/dev/urandom', 'r')
  } catch {
    return process.getBuiltinModule('node:crypto').randomFillSync
  }
  return (target) => {
    // A signal may cut a long read short.
    for (let done = 0; done < target.length; ) {
      done += readSync(fd, target, done, target.length - done, null)
    }
  }
}

/** A descriptor of procfs would lead out of a jail, so none is kept. */
function readCpuinfo(): ByteString {
  if (cpuinfo !== undefined) return cpuinfo
  let fd: number
  try {
    fd = openSync('/proc/cpuinfo', 'r')
  } catch {
    // It is not mounted.
    cpuinfo = 'processor\t: 0\n\n'
    return cpuinfo
  }
  try {
    const bytes = Buffer.alloc(CPUINFO_BYTES)
    cpuinfo = bytes.toString('latin1', 0, readSync(fd, bytes, 0, CPUINFO_BYTES, 0))
  } finally {
    closeSync(fd)
  }
  return cpuinfo
}

// The kernel watches the counter and leaves it when it drifts or stops, whatever the processor says.
const isCounter = (name: string): boolean => name === 'tsc' || name === 'arch_sys_counter'

function readClocksource(): string {
  try {
    clocksource ??= readFileSync(
      '/sys/devices/system/clocksource/clocksource0/current_clocksource',
      'latin1',
    ).trim()
  } catch {
    clocksource = 'unknown: /sys is not mounted'
  }
  return clocksource
}
