// What a balloon's driver puts into its chains: numbers of pages, blocks of free memory, statistics (virtio 1.2, 5.5.6). All is untrusted.

import type {Chain} from '../virtio/chain.ts'
import type {ViewOfMemory} from '../virtio/model.ts'

const [PAGE_BYTES, NUMBER_BYTES] = [4096, 4]
/** Numbers that are looked at together. */
const PIECE_NUMBERS = 256
/** The most that is given back at a step: some milliseconds of the host's work. */
const PIECE_BYTES = 16 << 20

const ENTRY_BYTES = 10
const MOST_ENTRIES = 32
/** By tag (5.5.6.3.1). */
const TAGS: readonly (keyof BalloonStatistics | undefined)[] = [
  ...(['swappedInBytes', 'swappedOutBytes', 'majorFaults', 'minorFaults'] as const),
  ...(['freeBytes', 'totalBytes', 'availableBytes', 'cachedBytes'] as const),
]

/** What a guest's kernel says of its memory. Absent: it does not say. The first four count from its start. @see {@link MachineUsage} */
export interface BalloonStatistics {
  swappedInBytes?: number
  swappedOutBytes?: number
  majorFaults?: number
  minorFaults?: number
  freeBytes?: number
  totalBytes?: number
  /** What new programs could have without swapping. */
  availableBytes?: number
  cachedBytes?: number
}

/** The memory of the pages whose numbers the chain has, consecutive ones together. @throws HvError MEMORY_RANGE */
export function* piecesOfPages(chain: Chain, memory: ViewOfMemory): Generator<readonly Uint8Array[]> {
  while (chain.leftToTake >= NUMBER_BYTES) {
    const bytes = chain.take(PIECE_NUMBERS * NUMBER_BYTES)
    if (bytes.length < NUMBER_BYTES) return
    const numbers = new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / NUMBER_BYTES))
    for (let at = 0; at < numbers.length; ) {
      const first = numbers[at]
      let count = 1
      while (at + count < numbers.length && numbers[at + count] === first + count) count++
      yield memory.views(first * PAGE_BYTES, count * PAGE_BYTES)
      at += count
    }
  }
}

/** The blocks of a report, which the driver has as buffers to write to. */
export function* piecesOfReport(chain: Chain): Generator<readonly Uint8Array[]> {
  for (const block of chain.writable)
    for (let at = 0; at < block.length; at += PIECE_BYTES) yield [block.subarray(at, at + PIECE_BYTES)]
}

export function readStatistics(chain: Chain): BalloonStatistics {
  const bytes = chain.take(MOST_ENTRIES * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  const statistics: BalloonStatistics = {}
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const name = TAGS[view.getUint16(at, true)]
    // Exact up to 2^53.
    if (name !== undefined) statistics[name] = Number(view.getBigUint64(at + 2, true))
  }
  return statistics
}
