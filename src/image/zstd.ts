// zstdPieces: what a zstd file holds, decoded in JavaScript where Node has no decoder of its own. RFC 8878, "Zstandard Frames".

import {Decompress} from 'fzstd'
import {badArchive} from './archive-error.ts'
import type {FileBytes} from './file-bytes.ts'

const MAGIC = 0xfd2fb528
/** Its last four bits are free. */
const SKIPPABLE = 0x184d2a50
/** The decoder holds a window in memory; zstd(1) and Node accept no larger one either. */
const MAX_WINDOW_BYTES = 2 ** 27
const MAX_HEADER_BYTES = 18
const PIECE_BYTES = 1 << 16
const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
const RLE_BLOCK = 1

/** Checksums are not checked: an image's digests are. @throws HvError BAD_ARGUMENT; what the decoder throws of bad data */
export function* zstdPieces(packed: FileBytes, onRead?: (bytes: number) => void): Iterable<Uint8Array> {
  for (let at = 0; at < packed.size; ) {
    const end = frameEnd(packed, at)
    if (!isSkippable(packed, at)) yield* frame(packed, at, end, onRead)
    at = end
  }
}

function* frame(
  packed: FileBytes,
  start: number,
  end: number,
  onRead?: (bytes: number) => void,
): Iterable<Uint8Array> {
  let decoded: Uint8Array[] = []
  const decoder = new Decompress((piece) => decoded.push(piece))
  for (let at = start; at < end; at += PIECE_BYTES) {
    // The decoder keeps what it was given, and FileBytes overwrites it.
    const piece = Uint8Array.from(packed.read(at, Math.min(PIECE_BYTES, end - at)))
    decoder.push(piece, at + PIECE_BYTES >= end)
    yield* decoded
    onRead?.(piece.length)
    decoded = []
  }
}

function isSkippable(packed: FileBytes, at: number): boolean {
  return bytesAt(packed, at, 4).readUInt32LE() >>> 4 === SKIPPABLE >>> 4
}

/** Walks from block to block, so that the decoder sees one frame at a time, whose window is known. */
function frameEnd(packed: FileBytes, start: number): number {
  if (isSkippable(packed, start))
    return within(packed, start + 8 + bytesAt(packed, start + 4, 4).readUInt32LE())
  const {headerBytes, hasChecksum} = frameHeader(packed, start)
  let at = start + headerBytes
  for (let isLast = false; !isLast; ) {
    const header = bytesAt(packed, at, BLOCK_HEADER_BYTES).readUIntLE(0, BLOCK_HEADER_BYTES)
    isLast = (header & 1) === 1
    // A block of one repeated byte holds that byte.
    const size = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3
    at = within(packed, at + BLOCK_HEADER_BYTES + size)
  }
  return within(packed, at + (hasChecksum ? CHECKSUM_BYTES : 0))
}

function frameHeader(packed: FileBytes, start: number): {headerBytes: number; hasChecksum: boolean} {
  const header = packed.read(start, MAX_HEADER_BYTES)
  if (header.length < 6 || header.readUInt32LE() !== MAGIC) throw damaged()
  const descriptor = header[4]
  const isSingle = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]
  const sizeAt = 5 + (isSingle ? 0 : 1) + dictionaryBytes
  if (header.length < sizeAt + sizeBytes) throw damaged()
  if (dictionaryBytes > 0) throw badArchive('it needs a zstd dictionary', 'compress it without')
  const window = isSingle ? contentBytes(header, sizeAt, sizeBytes) : windowBytes(header[5])
  if (window > MAX_WINDOW_BYTES)
    throw badArchive('its zstd window is larger than 128 MiB', 'compress it with a smaller one')
  return {headerBytes: sizeAt + sizeBytes, hasChecksum: (descriptor & 4) !== 0}
}

/** RFC 8878, 3.1.1.1.2. */
function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** RFC 8878, 3.1.1.1.4: 256 is added to two bytes. */
function contentBytes(header: Buffer, at: number, length: number): number {
  if (length === 8) return Number(header.readBigUInt64LE(at))
  return header.readUIntLE(at, length) + (length === 2 ? 256 : 0)
}

function bytesAt(packed: FileBytes, at: number, length: number): Buffer {
  const bytes = packed.read(at, length)
  if (bytes.length < length) throw damaged()
  return bytes
}

function within({size}: FileBytes, at: number): number {
  if (at > size) throw damaged()
  return at
}

const damaged = () => badArchive('it ends, or goes on, as no zstd file does', 'make it anew')
