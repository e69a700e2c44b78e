// Unread: an open archive or image of which no byte has been read: a jail may close in between.

import type {ArchiveFs} from '../vfs/fs/archive.ts'

export interface Unread<T> {
  /** Descriptors of directories in which reading opens files. */
  readonly folders: readonly number[]
  /** Call it once. @throws HvError BAD_ARGUMENT, HOST_SYSCALL: everything is closed then */
  read(): Promise<T>
}

/** A root that has been read. */
export interface ReadRoot {
  fs: ArchiveFs
  unpacked: UnpackCost
}

/** What reading it took. */
export interface UnpackCost {
  /** Archives that were read: a root, or an image's layers. */
  layers: number
  /** So many of them were in the cache. */
  keptLayers: number
  /** What was written, in bytes. */
  bytes: number
  ns: number
}

/** How a compressed root or image is opened. */
export interface UnpackOptions {
  /** The most bytes of all that is compressed, unpacked. */
  unpackBytes?: number | undefined
  /** Called again and again while something is unpacked. */
  onUnpack?: OnUnpack | undefined
}

export type OnUnpack = (progress: UnpackProgress) => void

export interface UnpackProgress {
  /** 1 to `layers`. */
  layer: number
  layers: number
  /** How much of it has been read: 0 to 1. */
  part: number
}

export const sinceNs = (began: bigint): number => Number(process.hrtime.bigint() - began)
