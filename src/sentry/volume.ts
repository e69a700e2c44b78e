// Volume: a part of the host's files that a guest sees.

import type {HostSource} from '../vfs/fs/host-source.ts'

/** A host directory or file that the guest sees at `guest`. */
export interface Volume {
  /** Host path, absolute. */
  host: string
  /** Guest path, absolute. */
  guest: string
  writable: boolean
}

/** A volume whose `host` may already be open. */
export interface OpenedVolume extends Omit<Volume, 'host'> {
  host: string | HostSource
}
