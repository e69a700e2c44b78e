// Volume: a part of the host's files that a guest sees. TmpfsMount: an empty directory of its own, in memory.

import type {HostSource} from '../../vfs/fs/host-source.ts'

/** A host directory or file that the guest sees at `guest`. */
export interface Volume {
  /** Host path, absolute. */
  host: string
  /** Guest path, absolute. */
  guest: string
  writable: boolean
}

/** An empty file system in memory, at `guest`. */
export interface TmpfsMount {
  /** Guest path, absolute. */
  guest: string
  /** What its files may hold; default: half of the guest's memory, as Linux. */
  maxBytes?: number
  /** Permission bits of its root; default: 01777. */
  mode?: number
}

/** A volume whose `host` may already be open. */
export interface OpenedVolume extends Omit<Volume, 'host'> {
  host: string | HostSource
}
