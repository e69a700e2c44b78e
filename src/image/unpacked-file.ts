// A file that a jailed process fills with the layers of its image. Later starts of this image use it as it lies.

import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {host} from '../vfs/host-calls.ts'
import {FileBytes} from './file-bytes.ts'
import {newPath, openKept, touch} from './layer-files.ts'
import {createFile, type RoomFile} from './room.ts'
import {isInFile, readTrailer} from './unpacked-trailer.ts'

/** With the image's key. */
export const UNPACKED_NAME = /^unpacked-([0-9a-f]{64})-/

/** What the file says that it holds. */
export interface UnpackedFile {
  /** Of all layers of the image, the lowest first. */
  digests: string[]
  /** Those that are in the file, by digest. */
  layers: Map<string, FileBytes>
}

/** A new one. @throws the system error of open(2) */
export function createUnpacked(directory: string, key: string): RoomFile {
  return {...createFile(newPath(directory, nameOf(key))), directory}
}

/**
 * One that is whole: it has a trailer, nobody can write it, and the host's kernel has run since, so what is not on its disk yet is in
 * its memory. Where the kernel does not tell whether there is a writer, the trailer decides.
 */
export function openUnpacked(directory: string, key: string): UnpackedFile | undefined {
  const start = `${nameOf(key)}-`
  for (const name of readdirSync(directory).filter((each) => each.startsWith(start))) {
    const path = join(directory, name)
    const source = openKept(path)?.source
    if (source === undefined) continue
    const extents = host.hostIsOpenForWriting(source.fd) === 1 ? [] : (readTrailer(source.fd) ?? [])
    const layers = extents
      .filter(isInFile)
      .map(({digest, start, size}) => [digest, new FileBytes(source, start, size)] as const)
    if (layers.length > 0) {
      touch(path)
      return {digests: extents.map(({digest}) => digest), layers: new Map(layers)}
    }
    source.close()
  }
  return undefined
}

const nameOf = (key: string): string => `unpacked-${key}-${bootId()}`

/** Of the host's kernel: another one after each start of it. @throws the system error of open(2) */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
