// plainBytes: an archive without its compression: in a file that has no name, as much as may be.

import {closeSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable, type Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import * as zlib from 'node:zlib'
import {HvError} from '../errors.ts'
import {badArchive} from './archive-error.ts'
import {FileBytes} from './file-bytes.ts'

/** All of a root unpacked. A small file can grow a thousandfold. */
const MAX_UNPACKED_BYTES = 2 ** 33
const PIECE_BYTES = 1 << 18

/** How many bytes may be unpacked yet: for all layers of an image together. */
export class Room {
  bytes: number

  constructor(bytes = MAX_UNPACKED_BYTES) {
    this.bytes = bytes
  }

  /** @throws HvError BAD_ARGUMENT */
  take(bytes: number): void {
    this.bytes -= bytes
    if (this.bytes < 0)
      throw badArchive('it is too large when it is unpacked', 'unpack it, and name the directory')
  }
}

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
  const fd = openUnnamed()
  try {
    const size = await unpack(packed, decoderOf(compression), fd, room)
    return new FileBytes({fd, path: undefined, close: () => closeSync(fd)}, 0, size)
  } catch (error) {
    closeSync(fd)
    throw error
  }
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

async function unpack(packed: FileBytes, decoder: Transform, fd: number, room: Room): Promise<number> {
  let size = 0
  let failure: unknown
  const write = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    try {
      for await (const piece of pieces) {
        room.take(piece.length)
        size += piece.length
        for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done)
      }
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
    // The pipeline may say no more than that it was given up.
    throw asHvError((failure ?? error) as NodeJS.ErrnoException)
  }
  return size
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

/** @throws HvError HOST_SYSCALL */
function openUnnamed(): number {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hv-'))
    try {
      return openSync(join(folder, 'unpacked'), 'wx+', 0o600)
    } finally {
      rmSync(folder, {recursive: true})
    }
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    throw new HvError(
      'HOST_SYSCALL',
      `${tmpdir()} takes no file (${code})`,
      'set TMPDIR to a directory that does',
    )
  }
}
