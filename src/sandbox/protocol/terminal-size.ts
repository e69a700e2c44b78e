// SandboxTerminalSize: how large a program's terminal is. The shape is public.

/**
 * A terminal's size, in characters, 1 to 65,535 each.
 *
 * @see {@link SandboxTerminal}
 */
export interface SandboxTerminalSize {
  /** Default: 80. */
  columns: number
  /** Default: 24. */
  rows: number
}
