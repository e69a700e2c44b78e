// Statistics: what KVM counts of a VM or a vCPU (api.rst, KVM_GET_STATS_FD).

import {readSync} from 'node:fs'
import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'

/**
 * One of the numbers that KVM keeps.
 *
 * @example
 * const {kind, unit, scale, values} = vcpu.statistics.halt_wait_ns
 * console.log(kind, unit, scale, values.length) // cumulative seconds 1e-9 1
 */
export interface KvmStatistic {
  /** `instant`: as it is now; `peak`: the highest that it was. */
  readonly kind: 'cumulative' | 'instant' | 'peak' | 'linear-histogram' | 'log-histogram'
  readonly unit: 'none' | 'bytes' | 'seconds' | 'cycles' | 'boolean'
  /** What a value is multiplied with to be in that unit: 1e-9 for nanoseconds. */
  readonly scale: number
  /** Of a histogram one for each bucket, otherwise one. */
  readonly values: readonly bigint[]
  /** How wide the buckets of a linear histogram are. */
  readonly bucketSize: number
}

const KVM_GET_STATS_FD = 0xaece
/** struct kvm_stats_header, struct kvm_stats_desc without the name. */
const [HEADER_BYTES, DESCRIPTOR_BYTES, VALUE_BYTES] = [24, 16, 8]
const KINDS = ['cumulative', 'instant', 'peak', 'linear-histogram', 'log-histogram'] as const
const UNITS = ['none', 'bytes', 'seconds', 'cycles', 'boolean'] as const

/** @param fd of the VM or the vCPU @throws HvError KVM_UNUSABLE before Linux 5.14 */
export function readStatistics(fd: number): Record<string, KvmStatistic> {
  const stats = addon.rawIoctl(fd, KVM_GET_STATS_FD, 0, [], [])
  if (stats < 0)
    throw new HvError('KVM_UNUSABLE', 'KVM of this host gives no statistics: they came with Linux 5.14')
  try {
    const header = read(stats, 0, HEADER_BYTES)
    const [nameBytes, count] = [header.getUint32(4, true), header.getUint32(8, true)]
    const [descriptorsAt, dataAt] = [header.getUint32(16, true), header.getUint32(20, true)]
    const each = DESCRIPTOR_BYTES + nameBytes
    const descriptors = read(stats, descriptorsAt, count * each)
    const all = Array.from({length: count}, (_, index) => describe(descriptors, index * each, nameBytes))
    const end = Math.max(0, ...all.map(({offset, size}) => offset + size * VALUE_BYTES))
    const data = read(stats, dataAt, end)
    return Object.fromEntries(
      all.map(({name, offset, size, ...statistic}) => {
        const at = (index: number): bigint => data.getBigUint64(offset + index * VALUE_BYTES, true)
        return [name, {...statistic, values: Array.from({length: size}, (_, index) => at(index))}]
      }),
    )
  } finally {
    addon.hostClose(stats)
  }
}

function describe(bytes: DataView, at: number, nameBytes: number) {
  const flags = bytes.getUint32(at, true)
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + DESCRIPTOR_BYTES, nameBytes).toString(
    'latin1',
  )
  return {
    name: name.slice(0, name.indexOf('\0')),
    offset: bytes.getUint32(at + 8, true),
    size: bytes.getUint16(at + 6, true),
    kind: KINDS[flags & 0xf] ?? 'cumulative',
    unit: UNITS[(flags >> 4) & 0xf] ?? 'none',
    scale: (((flags >> 8) & 0xf) === 0 ? 10 : 2) ** bytes.getInt16(at + 4, true),
    bucketSize: bytes.getUint32(at + 12, true),
  }
}

function read(fd: number, from: number, length: number): DataView {
  const bytes = new Uint8Array(length)
  const got = readSync(fd, bytes, 0, length, from)
  if (got === length) return new DataView(bytes.buffer)
  throw new HvError('KVM_UNUSABLE', `KVM gave ${got} of ${length} bytes of its statistics`)
}
