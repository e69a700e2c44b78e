// What the kernel told this process about its processor: getauxval(3). A guest runs on the same one.

import {readFileSync} from 'node:fs'

const AT_HWCAP = 16n
const AT_HWCAP2 = 26n

export interface HostCapabilities {
  readonly hwcap: bigint
  readonly hwcap2: bigint
}

/** Zeros where /proc is not mounted: programs then ask the processor, or do without. */
export function hostCapabilities(): HostCapabilities {
  const entries = readEntries()
  return {hwcap: entries.get(AT_HWCAP) ?? 0n, hwcap2: entries.get(AT_HWCAP2) ?? 0n}
}

function readEntries(): Map<bigint, bigint> {
  const entries = new Map<bigint, bigint>()
  const words = new BigUint64Array(new Uint8Array(readAuxv()).buffer)
  for (let index = 0; index + 1 < words.length; index += 2) entries.set(words[index], words[index + 1])
  return entries
}

function readAuxv(): Uint8Array {
  try {
    const bytes = readFileSync('/proc/self/auxv')
    return bytes.subarray(0, bytes.length - (bytes.length % 16))
  } catch {
    return new Uint8Array(0)
  }
}
