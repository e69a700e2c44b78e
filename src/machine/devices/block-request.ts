// BlockRequest: one request of a block device's driver, carried out piece by piece (virtio 1.2, 5.2.6).

import type {Chain} from '../virtio/chain.ts'
import type {BlockStore} from './block-store.ts'
import type {DiskCounts} from './device-counts.ts'

export const SECTOR = 512
/** The most that the host holds of a request at a time, however long it is. */
export const PIECE_BYTES = 1 << 20
/** A buffer of more than this many bytes is used again: the host's kernel clears new memory page by page. */
const SMALL_BYTES = 1 << 16
const MOST_KEPT = 16
/** The most sectors in one range to discard or zero. */
export const MOST_RANGE_SECTORS = (64 << 20) / SECTOR

const HEADER_BYTES = 16
const RANGE_BYTES = 16
const ID_BYTES = 20
const UNMAP = 1

const Type = {in: 0, out: 1, flush: 4, getId: 8, discard: 11, writeZeroes: 13} as const
const OK = 0
const IO_ERROR = 1
const UNSUPPORTED = 2

export interface BlockSettings {
  readonly store: BlockStore
  readonly sectors: number
  /** At most 20 characters. */
  readonly serial: string
  /** The driver does not flush: each write reaches the disk before it completes. */
  readonly isWriteThrough: boolean
  readonly counts: DiskCounts
  /** Told how many bytes are about to be read or written, before the request waits for anything. */
  readonly onBytes: (bytes: number) => void
}

/** Whether a chain has a header and a place for its status. */
export const isWhole = (chain: Chain): boolean =>
  chain.readableBytes >= HEADER_BYTES && chain.writableBytes >= 1

/** Carries it out and gives it back; if the driver resets meanwhile, its memory is not touched. @param chain a whole one */
export async function answer(chain: Chain, settings: BlockSettings): Promise<void> {
  let status = IO_ERROR
  try {
    status = await carryOut(chain, settings)
  } catch {
    // A host error, which the guest sees as an error of its disk.
  }
  chain.putLast(status)
  // After an error, data before the status is left unwritten.
  const isFull = chain.leftToPut <= 1
  chain.complete(isFull ? chain.writableBytes : 0)
}

/** The bytes that are left, without the last one, which is the status. */
const roomFor = (chain: Chain): number => chain.leftToPut - 1

async function carryOut(chain: Chain, settings: BlockSettings): Promise<number> {
  const header = viewOf(chain.take(HEADER_BYTES))
  // Exact up to 2^53, and any greater one is past every end.
  const sector = Number(header.getBigUint64(8, true))
  switch (header.getUint32(0, true)) {
    case Type.in:
      return readSectors(chain, settings, sector)
    case Type.out:
      return writeSectors(chain, settings, sector)
    case Type.flush:
      await settings.store.flush()
      settings.counts.flushes++
      return OK
    case Type.getId:
      return getId(chain, settings)
    case Type.discard:
      return changeRange(chain, settings, 0, async ({store}, offset, length) => {
        await store.discard(offset, length)
      })
    case Type.writeZeroes:
      return changeRange(chain, settings, UNMAP, writeZeroes)
    default:
      return UNSUPPORTED
  }
}

async function readSectors(chain: Chain, settings: BlockSettings, sector: number): Promise<number> {
  const {store, sectors, onBytes} = settings
  const length = roomFor(chain)
  if (!isInside(sector, length, sectors)) return IO_ERROR
  onBytes(length)
  for (let at = 0; at < length && chain.isLive; at += PIECE_BYTES) {
    await withPiece(Math.min(PIECE_BYTES, length - at), async (piece) => {
      const isRead = isFirst(at) && store.readNow?.(piece, sector * SECTOR + at)
      if (!isRead) await store.read(piece, sector * SECTOR + at)
      chain.put(piece)
    })
  }
  settings.counts.reads++
  settings.counts.readBytes += length
  return OK
}

async function writeSectors(chain: Chain, settings: BlockSettings, sector: number): Promise<number> {
  const {store, sectors} = settings
  const length = chain.leftToTake
  if (store.isReadOnly || !isInside(sector, length, sectors)) return IO_ERROR
  settings.onBytes(length)
  for (let at = 0; at < length && chain.isLive; at += PIECE_BYTES) {
    await withPiece(Math.min(PIECE_BYTES, length - at), async (piece) => {
      chain.takeInto(piece)
      const isWritten = isFirst(at) && store.writeNow?.(piece, sector * SECTOR + at)
      if (!isWritten) await store.write(piece, sector * SECTOR + at)
    })
  }
  settings.counts.writes++
  settings.counts.writtenBytes += length
  return flushed(settings)
}

/** Only the first piece is tried at once: longer requests leave the event loop to others. */
const isFirst = (at: number): boolean => at === 0

const kept: Uint8Array[] = []

/** @param use gets a buffer with any content, until its promise resolves */
async function withPiece(length: number, use: (piece: Uint8Array) => Promise<void>): Promise<void> {
  if (length <= SMALL_BYTES) return use(Buffer.allocUnsafeSlow(length))
  const whole = kept.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)
  try {
    await use(whole.subarray(0, length))
  } finally {
    if (kept.length < MOST_KEPT) kept.push(whole)
  }
}

function getId(chain: Chain, {serial}: BlockSettings): number {
  if (roomFor(chain) < ID_BYTES) return IO_ERROR
  const id = Buffer.alloc(ID_BYTES)
  id.write(serial, 'latin1')
  chain.put(id)
  return OK
}

type Change = (of: ChangedRange, offset: number, length: number) => Promise<void>

interface ChangedRange extends BlockSettings {
  readonly chain: Chain
  readonly flags: number
}

/** Discard and write zeroes: one range. @param allowedFlags others are refused */
async function changeRange(
  chain: Chain,
  settings: BlockSettings,
  allowedFlags: number,
  change: Change,
): Promise<number> {
  const {store, sectors} = settings
  if (store.isReadOnly || chain.leftToTake !== RANGE_BYTES) return IO_ERROR
  const range = viewOf(chain.take(RANGE_BYTES))
  const sector = Number(range.getBigUint64(0, true))
  const [count, flags] = [range.getUint32(8, true), range.getUint32(12, true)]
  if ((flags & ~allowedFlags) !== 0) return UNSUPPORTED
  if (count > MOST_RANGE_SECTORS || !isInside(sector, count * SECTOR, sectors)) return IO_ERROR
  // An empty range is no call of fallocate(2), which refuses it.
  if (count > 0) await change({...settings, chain, flags}, sector * SECTOR, count * SECTOR)
  settings.counts.discardedBytes += count * SECTOR
  return flushed(settings)
}

/** With UNMAP, blocks may be given back where they then read as zeros. */
async function writeZeroes(of: ChangedRange, offset: number, length: number): Promise<void> {
  const {store, chain, flags, onBytes} = of
  if (flags === UNMAP && (await store.discard(offset, length))) return
  onBytes(length)
  const zeroes = Buffer.alloc(Math.min(PIECE_BYTES, length))
  for (let at = 0; at < length && chain.isLive; at += PIECE_BYTES)
    await store.write(zeroes.subarray(0, Math.min(PIECE_BYTES, length - at)), offset + at)
}

async function flushed({store, isWriteThrough}: BlockSettings): Promise<number> {
  if (isWriteThrough) await store.flush()
  return OK
}

/** @param length bytes */
const isInside = (sector: number, length: number, sectors: number): boolean =>
  length % SECTOR === 0 && sector + length / SECTOR <= sectors

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
