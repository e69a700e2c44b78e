// plainBytes: unpacks a compressed archive into an unnamed file, up to a limit.

import {tmpdir} from 'node:os'
import {Readable, type Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import * as zlib from 'node:zlib'
import {HvError} from '../errors.ts'
import {badArchive} from './archive-error.ts'
import {FileBytes} from './file-bytes.ts'
import type {Room} from './room.ts'

const PIECE_BYTES = 1 << 18

const MAGICS: readonly [name: string, bytes: readonly number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
]

/** @returns the bytes themselves if they are not compressed. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export async function plainBytes(packed: FileBytes, room: Room): Promise<FileBytes> {
  const head = packed.read(0, 8)
  const [compression] = MAGICS.find(([, magic]) => magic.every((byte, index) => head[index] === byte)) ?? []
  if (compression === undefined) return packed
  const start = room.size
  await unpack(packed, decoderOf(compression), room)
  return new FileBytes(room, start, room.size - start)
}

function decoderOf(compression: string): Transform {
  // Node has zstd from 22.15 on.
  const {createZstdDecompress} = zlib as {createZstdDecompress?: () => Transform}
  if (compression === 'gzip') return zlib.createGunzip({chunkSize: PIECE_BYTES})
  if (compression === 'zstd' && createZstdDecompress !== undefined) return createZstdDecompress()
  const nextStep =
    compression === 'zstd' ? 'use Node 22.15 or newer, or compress it by gzip' : 'compress it by gzip'
  throw badArchive(`it is compressed by ${compression}, which hv cannot unpack here`, nextStep)
}

async function unpack(packed: FileBytes, decoder: Transform, room: Room): Promise<void> {
  let failure: unknown
  const write = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    try {
      for await (const piece of pieces) room.add(piece)
    } catch (error) {
      failure ??= error
      throw error
    }
  }
  try {
    decoder.once('error', (error) => {
      failure ??= error
    })
    await pipeline(Readable.from(piecesOf(packed)), decoder, write)
  } catch (error) {
    // The pipeline's own error may say only that it was aborted.
    throw asHvError((failure ?? error) as NodeJS.ErrnoException)
  }
}

function asHvError(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new HvError(
      'HOST_SYSCALL',
      `${tmpdir()} has no room for it unpacked`,
      'set TMPDIR to a directory that has',
    )
  if (error.syscall !== undefined || error instanceof HvError) return error
  return badArchive(`it cannot be unpacked: ${error.message}`)
}

function* piecesOf(bytes: FileBytes): Iterable<Buffer> {
  for (let at = 0; at < bytes.size; ) {
    const piece = bytes.read(at, PIECE_BYTES)
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}
