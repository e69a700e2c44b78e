// Paths and names of the guest's: bytes inside of hv, and text or a Buffer for a sandbox's owner, as for node:fs.

import {Buffer} from 'node:buffer'
import * as takes from '../../../options.ts'
import type {ByteString} from '../../../vfs/file.ts'
import {toByteString} from '../../../vfs/host-calls.ts'

/** A guest path: text, which is sent as UTF-8, or its bytes. @see {@link SandboxFiles} */
export type SandboxPath = string | Uint8Array

/** @throws HvError BAD_ARGUMENT */
export function toPath(given: unknown, name = 'path'): ByteString {
  if (takes.isBytes(given)) return takes.checked(takes.guestPath, toBytes(given), name)
  return toByteString(takes.checked(takes.guestPath, given, name))
}

const toBytes = (bytes: Uint8Array): ByteString => Buffer.from(bytes).toString('latin1')

export const toBuffer = (bytes: ByteString): Buffer => Buffer.from(bytes, 'latin1')

/** Bytes that are not UTF-8 become U+FFFD. */
export const toText = (bytes: ByteString): string => toBuffer(bytes).toString('utf8')
