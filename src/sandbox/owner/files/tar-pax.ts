// keepPaxBytes: the names in a pax archive's extended headers as bytes. tar-stream takes them for UTF-8, and would lose others.

import type {Extract} from 'tar-stream'
import {parsePax} from '../../../image/tar-header.ts'

const NAMES = ['path', 'linkpath']

/** What tar-stream's extractor has of its own; the build bundles it, in one version. */
interface Inside {
  _decodeLongHeader(bytes: Buffer): void
  readonly _header: {readonly type: string | null}
  readonly _pax: Record<string, string> | null
  readonly _paxGlobal: Record<string, string> | null
}

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
