// tar-stream, bounded: an archive is fed to it in small pieces, and no more of it than entries account for.
//
// tar-stream joins global headers with those of each entry: a long one and many short ones would keep it busy for hours.

import type {Readable} from 'node:stream'
import type {Extract} from 'tar-stream'
import {parsePax} from '../../../image/tar-header.ts'
import {isBytes} from '../../../options.ts'
import {badArchive} from './file-error.ts'

const SLICE_BYTES = 1 << 14
/** Of headers beyond the one of each entry. Attributes and long names take some. */
const MAX_EXTRA_BYTES = 1 << 18
/** An entry's header, and the padding of its last block. */
const ENTRY_BYTES = 1024

/** Its errors surface in the entries. */
export async function feed(entries: Extract, flow: Flow, source: Readable): Promise<void> {
  let extra = 0
  entries.on('entry', ({size}) => {
    extra = Math.max(0, extra - ENTRY_BYTES) - size
  })
  try {
    for await (const chunk of source) {
      if (!isBytes(chunk)) throw badArchive('its stream gives something else than bytes')
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        const slice = chunk.subarray(at, at + SLICE_BYTES)
        if (entries.destroyed) return
        // An archive may end with any number of zeros.
        if (extra < 0 || slice.some((byte) => byte !== 0)) extra += slice.length
        if (!entries.write(slice)) await flow.drained()
        if (extra > MAX_EXTRA_BYTES) throw badArchive('its headers are too long')
      }
    }
    entries.end(undefined)
  } catch (error) {
    entries.destroy(error as Error)
  }
}

/** The flow of tar-stream's streams, which are not Node's: code that waits for one must not wait for ever when it is destroyed. */
export class Flow {
  /** The error that it was destroyed with. */
  error: Error | undefined
  readonly closed: Promise<void>
  readonly #stream: Extract

  constructor(stream: Extract) {
    this.#stream = stream
    stream.on('error', (error) => {
      this.error = error
    })
    this.closed = new Promise((resolve) => void stream.once('close', () => resolve()))
  }

  /** Resolves after a write that asked to wait. */
  async drained(): Promise<void> {
    await Promise.race([
      this.closed,
      new Promise<void>((resolve) => void this.#stream.once('drain', () => resolve())),
    ])
  }
}

const NAMES = ['path', 'linkpath']

/** What tar-stream's extractor has of its own; the build bundles it, in one version. */
interface Inside {
  _decodeLongHeader(bytes: Buffer): void
  readonly _header: {readonly type: string | null}
  readonly _pax: Record<string, string> | null
  readonly _paxGlobal: Record<string, string> | null
}

/** Keeps names in a pax archive's extended headers as bytes. tar-stream takes them for UTF-8, and would lose others. */
export function keepPaxBytes(entries: Extract): void {
  const inside = entries as unknown as Inside
  const decode = inside._decodeLongHeader
  inside._decodeLongHeader = (bytes) => {
    decode.call(inside, bytes)
    const {_header, _pax, _paxGlobal} = inside
    const isPax = _header.type === 'pax-header' || _header.type === 'pax-global-header'
    if (!isPax) return
    const records = parsePax(Buffer.from(bytes))
    if (records === undefined) throw new Error('Damaged pax header')
    const decoded = _header.type === 'pax-header' ? _pax : _paxGlobal
    for (const name of NAMES) if (decoded !== null && records.has(name)) decoded[name] = records.get(name)!
  }
}
