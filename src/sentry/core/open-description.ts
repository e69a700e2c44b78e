// OpenDescription: an open file, as the rooms below fd/ know it; its class is fd/'s SharedDescription.

import type {FileDescription} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'

export interface OpenDescription {
  readonly file: FileDescription
  /** Where it was opened; undefined for pipes, eventfds and host streams. */
  readonly location: Location | undefined
  references: number
  /** Drops one reference. */
  release(): void
  /** The last descriptor is gone. */
  close(): void
}

/** Who gives something up when an open file's last descriptor is gone: locks, leases, signals. */
export interface LastCloseListener {
  lastClosed(description: OpenDescription): void
}
