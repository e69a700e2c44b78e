// plainBytes: unpacks a compressed archive into a Room, up to its limit.

import type {Transform} from 'node:stream'
import {HvError} from '../errors.ts'
import {badArchive} from './archive-error.ts'
import {FileBytes} from './file-bytes.ts'
import type {Room} from './room.ts'
import {zstdPieces} from './zstd.ts'

const PIECE_BYTES = 1 << 18

const MAGICS: readonly [name: string, bytes: readonly number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // A frame that says nothing may come first (RFC 8878, 3.1.2).
  ['zstd', [0x50, 0x2a, 0x4d, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
]

/** Follows the unpacking of an archive. */
export interface UnpackWatch {
  /** So many more bytes of it were read. */
  onRead?: ((bytes: number) => void) | undefined
  /** What was in it. The bytes may change afterwards. */
  onPiece?: ((piece: Uint8Array) => void) | undefined
}

/** @returns the bytes themselves if they are not compressed. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export async function plainBytes(packed: FileBytes, room: Room, watch: UnpackWatch = {}): Promise<FileBytes> {
  const compression = compressionOf(packed)
  if (compression === undefined) return packed
  const start = room.size
  try {
    await decode(packed, compression, watch, (piece) => {
      room.add(piece)
      watch.onPiece?.(piece)
    })
  } catch (error) {
    throw asHvError(error as NodeJS.ErrnoException, room)
  }
  return new FileBytes(room, start, room.size - start)
}

/** The pieces of what is not compressed. @throws the system error of pread(2) */
export function* piecesOf(bytes: FileBytes, onRead?: UnpackWatch['onRead']): Iterable<Buffer> {
  for (let at = 0; at < bytes.size; ) {
    const piece = bytes.read(at, PIECE_BYTES)
    if (piece.length === 0) return
    yield piece
    at += piece.length
    onRead?.(piece.length)
  }
}

function compressionOf(bytes: FileBytes): string | undefined {
  const head = bytes.read(0, 8)
  return MAGICS.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0]
}

async function decode(
  packed: FileBytes,
  compression: string,
  {onRead}: UnpackWatch,
  add: (piece: Uint8Array) => void,
): Promise<void> {
  // They take as long to load as a kept layer takes to read.
  const zlib = process.getBuiltinModule('node:zlib')
  const {Readable} = process.getBuiltinModule('node:stream')
  const {pipeline} = process.getBuiltinModule('node:stream/promises')
  // Node has zstd from 22.15 on.
  const {createZstdDecompress} = zlib as {createZstdDecompress?: () => Transform}
  if (compression === 'gzip') return through(zlib.createGunzip({chunkSize: PIECE_BYTES}))
  if (compression !== 'zstd')
    throw badArchive(
      `it is compressed by ${compression}, which hv cannot unpack`,
      'compress it by gzip or zstd',
    )
  if (createZstdDecompress !== undefined) return through(createZstdDecompress())
  for (const piece of zstdPieces(packed, onRead)) add(piece)

  async function through(decoder: Transform): Promise<void> {
    let failure: unknown
    const note = (error: unknown): void => {
      failure ??= error
    }
    decoder.once('error', note)
    const write = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
      try {
        for await (const piece of pieces) add(piece)
      } catch (error) {
        note(error)
        throw error
      }
    }
    // The pipeline's own error may say only that it was aborted.
    await pipeline(Readable.from(piecesOf(packed, onRead)), decoder, write).catch((error) => {
      throw failure ?? error
    })
  }
}

function asHvError(error: NodeJS.ErrnoException, room: Room): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new HvError('HOST_SYSCALL', `${room.place} has no room for it unpacked`, room.otherPlace)
  if (error.syscall !== undefined || error instanceof HvError) return error
  return badArchive(`it cannot be unpacked: ${error.message}`)
}
