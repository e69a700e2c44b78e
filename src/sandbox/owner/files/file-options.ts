// What Sandbox.files takes and gives: the public shapes, and the table that checks arguments against them.

import type {Buffer} from 'node:buffer'
import * as v from 'valibot'
import {PERMISSION_BITS} from '../../../abi/file-mode.ts'
import * as takes from '../../../options.ts'
import type {FileChange, FileEntry, FileKind} from '../../../sentry/outside/files/operations.ts'
import {requireFits} from '../streams/text.ts'
import {toBuffer, toText} from './file-paths.ts'

/** A guest file of any kind. @see {@link SandboxFiles.list}, {@link SandboxFiles.stat} */
export interface SandboxFile<Name = string> {
  /** Without its directory; the root's is empty. As text, bytes that are not UTF-8 become U+FFFD. */
  name: Name
  /** `device`: a character or block device. */
  kind: FileKind
  /** Bytes. */
  size: number
  /** Permission bits: `0o644`. */
  mode: number
  /** Its owner, as a number. */
  uid: number
  gid: number
  /** When its content changed, to the millisecond. */
  modifiedAt: Date
  /** The text of a symbolic link. */
  target?: Name
}

/** How names are given. @see {@link SandboxFiles.list}, {@link SandboxFiles.stat} */
export interface SandboxNameOptions {
  /** `buffer`: names as bytes, which lead to the file even if they are not UTF-8. Default: as text. */
  encoding?: 'utf8' | 'buffer'
}

/** The data to write, as it comes; strings are written as UTF-8. @see {@link SandboxFiles.write} */
export type SandboxFileData =
  | string
  | Uint8Array
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>

/** How a file is read. @see {@link SandboxFiles.read} */
export interface SandboxReadOptions {
  /** `buffer`: as bytes. Default: as text, from UTF-8. */
  encoding?: 'utf8' | 'buffer'
  /** Bytes; default 64 MiB; as text, no more than fit a string: half a GiB. A larger file fails with EFBIG; `readStream` reads files of any size. */
  maxBytes?: number
}

/** How a file is written. @see {@link SandboxFiles.write} */
export interface SandboxWriteOptions {
  /** Permission bits of the file afterwards. Default: an existing file keeps its own, and a new one gets `0o644`. */
  mode?: number
  /** Writes after the existing content, which is otherwise replaced. */
  append?: boolean
}

const DEFAULT_MAX_BYTES = 2 ** 26
/** The longest buffer that every Node version holds. */
const MAX_BYTES = 2 ** 31
const DEFAULT_DIRECTORY_MODE = 0o755
/** The furthest that a Date goes. */
const MAX_DATE_MS = 8.64e15

const encoding = v.optional(takes.oneOf(['utf8', 'buffer']), 'utf8')
const mode = takes.integer(0, PERMISSION_BITS)
const recursive = v.optional(takes.truth, false)

const readOptions = takes.options({
  encoding,
  maxBytes: v.optional(takes.integer(0, MAX_BYTES), DEFAULT_MAX_BYTES),
})
const nameOptions = takes.options({encoding})
const writeOptions = takes.options({mode: v.optional(mode), append: v.optional(takes.truth)})
const directoryOptions = takes.options({mode: v.optional(mode, DEFAULT_DIRECTORY_MODE), recursive})
const removeOptions = takes.options({recursive})
const data = takes.either(
  [takes.anyText, takes.bytes, takes.pieces],
  'a string, a Uint8Array, or a stream of them',
)

const chunk = takes.either([takes.anyText, takes.bytes], 'strings and Uint8Arrays')
const archive = takes.either([takes.bytes, takes.pieces], 'a Uint8Array, or a stream of them')

export const toListener = (given: unknown) =>
  takes.checked(takes.callback, given, 'listener') as (change: FileChange) => void

/** A stream of anything else would fail where nobody catches it. @throws HvError BAD_ARGUMENT */
export async function* toChunks(given: AsyncIterable<unknown>): AsyncIterable<string | Uint8Array> {
  for await (const each of given) yield takes.checked(chunk, each, 'data')
}

/** All of these: @throws HvError BAD_ARGUMENT */
export function toArchive(given: unknown): Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return takes.checked(archive, given, 'archive') as AsyncIterable<Uint8Array>
}

export const toData = (given: unknown) => takes.checked(data, given, 'data')

export function toReadOptions(given: SandboxReadOptions): Required<SandboxReadOptions> {
  const options = takes.checked(readOptions, given, 'options')
  if (options.encoding === 'utf8') requireFits(options.maxBytes, 'maxBytes')
  return options
}

export const toWriteOptions = (given: SandboxWriteOptions): SandboxWriteOptions =>
  takes.checked(writeOptions, given, 'options')

export const toDirectoryOptions = (given: {mode?: number; recursive?: boolean}) =>
  takes.checked(directoryOptions, given, 'options')

export const toRemoveOptions = (given: {recursive?: boolean}) =>
  takes.checked(removeOptions, given, 'options')

export const toNameOptions = (given: SandboxNameOptions) => takes.checked(nameOptions, given, 'options')

/** Its times come from the guest. */
export function toFile(
  {name, target, modifiedMs, ...entry}: FileEntry,
  encoding: 'buffer',
): SandboxFile<Buffer>
export function toFile(entry: FileEntry, encoding: 'utf8' | 'buffer'): SandboxFile
export function toFile(
  {name, target, modifiedMs, ...entry}: FileEntry,
  encoding: 'utf8' | 'buffer',
): SandboxFile<string | Buffer> {
  const given = encoding === 'buffer' ? toBuffer : toText
  return {
    name: given(name),
    ...entry,
    modifiedAt: new Date(Math.max(-MAX_DATE_MS, Math.min(modifiedMs, MAX_DATE_MS))),
    ...(target !== undefined && {target: given(target)}),
  }
}
