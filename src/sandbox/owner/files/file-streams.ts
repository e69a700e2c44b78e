// A guest file as a stream: one piece is asked for, or given, at a time, so that data waits on both sides.

import {Readable, Writable} from 'node:stream'
import {type FileOperation, PIECE_BYTES} from '../../../sentry/outside/files/operations.ts'
import {fileError} from './file-error.ts'
import type {RemoteFiles} from './remote-files.ts'

const NO_BYTES = new Uint8Array(0)

/** @param doing for its error: `read /a` */
export function readStream(
  files: RemoteFiles,
  read: Extract<FileOperation, {name: 'read'}>,
  doing: string,
): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for await (const {bytes} of files.pieces(read)) if (bytes.length > 0) yield bytes
    } catch (error) {
      throw fileError(doing, error)
    }
  }
  return Readable.from(pieces(), {objectMode: false, highWaterMark: PIECE_BYTES})
}

/** The file exists once the stream is open, even if nothing is written. */
export function writeStream(
  files: RemoteFiles,
  write: Omit<Extract<FileOperation, {name: 'write'}>, 'isEnd'>,
  doing: string,
): Writable {
  let handle: number | undefined
  const give = (done: (error?: Error | null) => void, gives: () => Promise<void>): void => {
    gives().then(
      () => done(),
      (error: unknown) => {
        handle = undefined
        done(fileError(doing, error) as Error)
      },
    )
  }
  const put = async (bytes: Uint8Array, isEnd: boolean): Promise<void> => {
    await files.ask({name: 'more', of: 'write', handle: handle!, isEnd}, bytes)
    if (isEnd) handle = undefined
  }
  const putAll = async (chunks: readonly Uint8Array[]): Promise<void> => {
    for (const bytes of inPieces(chunks)) await put(bytes, false)
  }
  return new Writable({
    highWaterMark: PIECE_BYTES,
    construct(done) {
      give(done, async () => {
        handle = (await files.ask({...write, isEnd: false})).answer.handle
      })
    },
    write(chunk: Uint8Array, _encoding, done) {
      give(done, () => putAll([chunk]))
    },
    writev(chunks, done) {
      give(done, () => putAll(chunks.map(({chunk}) => chunk)))
    },
    final(done) {
      give(done, () => put(NO_BYTES, true))
    },
    destroy(error, done) {
      if (handle !== undefined) files.close(handle)
      done(error)
    },
  })
}

/** The same for chunks that come one by one. */
export async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    waiting.push(chunk)
    length += chunk.length
    if (length < PIECE_BYTES) continue
    yield* inPieces(waiting)
    waiting = []
    length = 0
  }
  yield* inPieces(waiting)
}

/** Each as long as possible: small chunks are joined, large ones are cut. */
function* inPieces(chunks: readonly Uint8Array[]): Iterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let length = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - length)
      at += part.length
      length += part.length
      waiting.push(part)
      if (length < PIECE_BYTES) continue
      yield waiting.length === 1 ? waiting[0] : Buffer.concat(waiting)
      waiting = []
      length = 0
    }
  }
  if (length > 0) yield waiting.length === 1 ? waiting[0] : Buffer.concat(waiting)
}
