// Volume: a part of the host's files that a guest sees.

/** A host directory or file that the guest sees at `guest`. */
export interface Volume {
  /** Host path, absolute. */
  host: string
  /** Guest path, absolute. */
  guest: string
  writable: boolean
}
