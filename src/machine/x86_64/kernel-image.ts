// KernelImage: what a kernel's file says of itself, checked: which of its bytes go where, and where it is entered.

/** Guest physical. A kernel lies at or above it; below are the parameters, ACPI's tables, and what a BIOS would have. */
export const HIGH_BEGIN = 0x100000
export const IS_WHOLE = 'is it whole?'

export interface KernelImage {
  /** Guest physical, in 64-bit mode. */
  readonly entry: number
  /** They do not overlap. Nothing of them is below HIGH_BEGIN, or behind `end`. */
  readonly pieces: readonly KernelPiece[]
  /** Guest physical: it has all to there to itself. May be beyond all memory. */
  readonly end: number
  /** The last address that its initrd may have. */
  readonly initrdMax: number
  /** Bytes. */
  readonly commandLineMax: number
  /** Of boot_params, from HEADER_AT on: what a loader has to hand back to it. */
  readonly header: Uint8Array
}

export interface KernelPiece {
  /** Guest physical. */
  readonly address: number
  readonly bytes: Uint8Array
}
