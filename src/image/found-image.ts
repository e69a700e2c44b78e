// FoundImage: the image that a layout or an archive holds: its config, and its layers, which have not been read.

import type {FileBytes} from './file-bytes.ts'
import type {ConfigFile} from './oci-schema.ts'

export interface FoundImage {
  config: ConfigFile
  /** The lowest first. */
  layers: readonly FoundLayer[]
}

export interface FoundLayer {
  /** The digest of the tar archive that it is, unpacked; undefined: the image does not say. */
  diffId: string | undefined
  /** What `open` checks; undefined: nothing. */
  digest: string | undefined
  /** @throws HvError BAD_ARGUMENT */
  open(): FileBytes
}
