// KernelImage: what a kernel's file says about itself, checked: which of its bytes go where, and where it is entered.

/** Guest physical. A kernel lies at or above it; below it are the parameters, ACPI's tables, and what a BIOS would have. */
export const HIGH_BEGIN = 0x100000
export const IS_WHOLE = 'is it whole?'

export interface KernelImage {
  /** Guest physical, in 64-bit mode. */
  readonly entry: number
  /** They do not overlap. None reaches below HIGH_BEGIN, or past `end`. */
  readonly pieces: readonly KernelPiece[]
  /** Guest physical: the kernel has everything up to here to itself. It may be beyond all memory. */
  readonly end: number
  /** The last address that its initrd may have. */
  readonly initrdMax: number
  /** Bytes. */
  readonly commandLineMax: number
  /** Part of boot_params, from HEADER_AT on: a loader has to hand it back to the kernel. */
  readonly header: Uint8Array
}

export interface KernelPiece {
  /** Guest physical. */
  readonly address: number
  /** In the file, which has all of it. */
  readonly offset: number
  readonly bytes: number
}
