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

/** A chain whose header was taken. */
export interface BlockRequest {
  readonly chain: Chain
  readonly type: number
  readonly sector: number
}

/** @param chain a whole one */
export function requestOf(chain: Chain): BlockRequest {
  chain.takeInto(header)
  const fields = viewOf(header)
  // Exact up to 2^53, and any greater one is past every end.
  const sector = fields.getUint32(12, true) * 2 ** 32 + fields.getUint32(8, true)
  return {chain, type: fields.getUint32(0, true), sector}
}

const header = new Uint8Array(HEADER_BYTES)

/** Answers a read or a write that needs no waiting for a disk. @returns false: nothing was taken or put, and it is still to be answered */
export function answerNow({chain, type, sector}: BlockRequest, settings: BlockSettings): boolean {
  const isRead = type === Type.in
  if (!isRead && (type !== Type.out || settings.isWriteThrough)) return false
  const length = isRead ? roomFor(chain) : chain.leftToTake
  if (length > PIECE_BYTES || !mayMove(settings, isRead, sector, length)) return false
  const {store} = settings
  const isDone = isRead
    ? store.readNow?.(chain.partsToPut(length), length, sector * SECTOR)
    : store.writeNow?.(chain.partsToTake(length), length, sector * SECTOR)
  if (!isDone) return false
  settings.onBytes(length)
  count(settings.counts, isRead, length)
  finish(chain, OK, true)
  return true
}

/** Carries it out and gives it back; if the driver resets meanwhile, its memory is not touched. */
export async function answer(request: BlockRequest, settings: BlockSettings): Promise<void> {
  let status = IO_ERROR
  try {
    status = await carryOut(request, settings)
  } catch {
    // A host error, which the guest sees as an error of its disk.
  }
  finish(request.chain, status)
}

/** @param isFull false after an error, when data before the status is left unwritten */
function finish(chain: Chain, status: number, isFull = chain.leftToPut <= 1): void {
  chain.putLast(status)
  chain.complete(isFull ? chain.writableBytes : 0)
}

/** The bytes that are left, without the last one, which is the status. */
const roomFor = (chain: Chain): number => chain.leftToPut - 1

async function carryOut({chain, type, sector}: BlockRequest, settings: BlockSettings): Promise<number> {
  switch (type) {
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
  const {store} = settings
  const length = roomFor(chain)
  if (!mayMove(settings, true, sector, length)) return IO_ERROR
  settings.onBytes(length)
  for (let at = 0; at < length && chain.isLive; at += PIECE_BYTES) {
    await withPiece(Math.min(PIECE_BYTES, length - at), async (piece) => {
      await store.read(piece, sector * SECTOR + at)
      chain.put(piece)
    })
  }
  count(settings.counts, true, length)
  return OK
}

async function writeSectors(chain: Chain, settings: BlockSettings, sector: number): Promise<number> {
  const {store} = settings
  const length = chain.leftToTake
  if (!mayMove(settings, false, sector, length)) return IO_ERROR
  settings.onBytes(length)
  for (let at = 0; at < length && chain.isLive; at += PIECE_BYTES) {
    await withPiece(Math.min(PIECE_BYTES, length - at), async (piece) => {
      chain.takeInto(piece)
      await store.write(piece, sector * SECTOR + at)
    })
  }
  count(settings.counts, false, length)
  return flushed(settings)
}

function mayMove({store, sectors}: BlockSettings, isRead: boolean, sector: number, length: number): boolean {
  return (isRead || !store.isReadOnly) && isInside(sector, length, sectors)
}

function count(counts: DiskCounts, isRead: boolean, length: number): void {
  counts[isRead ? 'reads' : 'writes']++
  counts[isRead ? 'readBytes' : 'writtenBytes'] += length
}

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
