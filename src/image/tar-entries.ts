// tarEntries: a tar archive's entries, one after another, each merged with the headers that extend it.

import {MAX_ID} from '../abi/ids.ts'
import {badArchive, shown} from './archive-error.ts'
import type {FileBytes} from './file-bytes.ts'
import {BLOCK, parseHeader, parsePax, type TarHeader} from './tar-header.ts'

/** The next header follows after `size` bytes. */
export interface TarEntry extends Omit<TarHeader, 'mtime'> {
  /** Where its content begins in the archive. */
  start: number
  mtime: {seconds: number; nanoseconds: number}
}

/** For a header that extends another: names, and extended attributes, which are ignored. */
const MAX_HEADER_BYTES = 1 << 20
const NS_DIGITS = 9
/** Other types have no content, whatever their header says. */
const WITH_CONTENT = new Set(['0', '7', 'x', 'g', 'L', 'K', 'V'])

/** Fields that replace a header's own. */
interface Extension {
  records: ReadonlyMap<string, string>
  name?: string
  linkName?: string
}

const NONE: ReadonlyMap<string, string> = new Map()

/** Names are returned as they are. @throws HvError BAD_ARGUMENT */
export function* tarEntries(archive: FileBytes): Iterable<TarEntry> {
  let global = new Map<string, string>()
  let next: Extension = {records: NONE}
  if (archive.size === 0) throw badArchive('it is empty')
  for (let position = 0; position < archive.size; ) {
    const header = parseHeader(wholeBlock(archive, position))
    if (header === 'end') return
    if (header === undefined)
      throw badArchive(position === 0 ? 'it is no tar archive' : `there is no tar header at byte ${position}`)
    const start = position + BLOCK
    const contents = (): Buffer => extensionBytes(archive, start, header)
    switch (header.type) {
      case 'g':
        global = new Map([...global, ...paxRecords(contents(), start)])
        break
      case 'x':
        next.records = paxRecords(contents(), start)
        break
      case 'L':
        next.name = cString(contents())
        break
      case 'K':
        next.linkName = cString(contents())
        break
      default: {
        const records = global.size === 0 ? next.records : new Map([...global, ...next.records])
        const entry = extended(header, {...next, records}, start)
        next = {records: NONE}
        position = behind(archive, start, entry)
        if (entry.type !== 'V') yield entry
        continue
      }
    }
    position = behind(archive, start, {...header, type: 'x'})
  }
}

function wholeBlock(archive: FileBytes, position: number): Buffer {
  const block = archive.read(position, BLOCK)
  if (block.length < BLOCK) throw badArchive(`the archive ends in a header, at byte ${position}`)
  return block
}

/** The position of the next header. */
function behind(
  archive: FileBytes,
  start: number,
  {name, size, type}: Pick<TarHeader, 'name' | 'size' | 'type'>,
): number {
  if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(start + size))
    throw badArchive(`the size of ${shown(name)} is no size`)
  if (!WITH_CONTENT.has(type)) return start
  if (size > archive.size - start) throw badArchive(`the archive ends in ${shown(name)}`)
  return start + Math.ceil(size / BLOCK) * BLOCK
}

function extensionBytes(archive: FileBytes, start: number, {name, size}: TarHeader): Buffer {
  if (!(size >= 0 && size <= MAX_HEADER_BYTES))
    throw badArchive(`the extended header ${shown(name)} is too long`)
  const bytes = archive.read(start, size)
  if (bytes.length < size) throw badArchive(`the archive ends in the extended header ${shown(name)}`)
  return bytes
}

function paxRecords(bytes: Buffer, position: number): Map<string, string> {
  const records = parsePax(bytes)
  if (records === undefined) throw badArchive(`the extended header at byte ${position} is damaged`)
  return records
}

const cString = (bytes: Buffer): string => bytes.toString('latin1').replace(/\0.*$/s, '')

/** pax records take precedence over GNU's names, and both over the header. */
function extended(header: TarHeader, {records, ...gnu}: Extension, start: number): TarEntry {
  const name = records.get('path') ?? gnu.name ?? header.name
  if (header.type === 'S' || isSparse(records)) {
    const nextStep = 'make it anew without sparse files'
    throw badArchive(`${shown(name)} is stored as a sparse file, which hv does not read`, nextStep)
  }
  const {mode, major, minor, type} = header
  const uid = numberOf(records.get('uid'), header.uid)
  const gid = numberOf(records.get('gid'), header.gid)
  const mtime = timeOf(records.get('mtime'), header.mtime)
  const isSane = isId(uid) && isId(gid) && [mode, mtime.seconds].every(Number.isSafeInteger)
  if (!isSane) throw badArchive(`the header of ${shown(name)} has numbers that are none`)
  const linkName = records.get('linkpath') ?? gnu.linkName ?? header.linkName
  const size = numberOf(records.get('size'), header.size)
  return {name, mode, uid, gid, size, mtime, type, linkName, major, minor, start}
}

function isSparse(records: ReadonlyMap<string, string>): boolean {
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) return true
  return false
}

const isId = (id: number): boolean => Number.isSafeInteger(id) && id >= 0 && id <= MAX_ID

/** A record's value, or else the header's. */
function numberOf(record: string | undefined, own: number): number {
  if (record === undefined) return own
  return /^\d{1,16}$/.test(record) ? Number(record) : Number.NaN
}

/** Seconds with a fraction, possibly before 1970. */
function timeOf(text: string | undefined, own: number): TarEntry['mtime'] {
  if (text === undefined) return {seconds: own, nanoseconds: 0}
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text)
  if (match === null) return {seconds: Number.NaN, nanoseconds: 0}
  const seconds = Number(match[2])
  const nanoseconds = Number((match[3] ?? '').slice(0, NS_DIGITS).padEnd(NS_DIGITS, '0'))
  if (match[1] === '') return {seconds, nanoseconds}
  return nanoseconds === 0
    ? {seconds: -seconds, nanoseconds: 0}
    : {seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds}
}
