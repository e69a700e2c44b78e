// HvError: what went wrong on the host or in the user's request, with a code and a next step.

/** Stable, documented error codes; a caller may switch on them. */
export const HV_ERROR_CODES = [
  'ADDON_MISSING',
  'BAD_ELF',
  'BAD_KERNEL',
  'BAD_ARGUMENT',
  'BOARD_INVALID',
  'DISPOSED',
  'FILE_FAILED',
  'HOST_SYSCALL',
  'JAIL_INCOMPLETE',
  'KVM_MISSING',
  'KVM_DENIED',
  'KVM_UNUSABLE',
  'LINE_TOO_LONG',
  'MEMORY_RANGE',
  'MEMORY_SIZE',
  'NOT_FOUND',
  'NOT_EXECUTABLE',
  'NO_INTERPRETER',
  'OUT_OF_MEMORY',
  'PTRACE_UNUSABLE',
  'SANDBOX_DIED',
  'SANDBOX_FAILED',
  'SANDBOX_FULL',
  'SAVE_INVALID',
  'VCPU_BUSY',
  'VCPU_FAILED',
] as const

/** The codes of errors. They are stable: a program may switch on them. @see {@link HvError} */
export type HvErrorCode = (typeof HV_ERROR_CODES)[number]

/**
 * An error of the host or of the user (never of the guest: that is an errno).
 * The CLI prints `message` and `nextStep` on one line and exits with `exitStatus`.
 *
 * @example
 * try {
 *   await sandbox.run('/nosuch')
 * } catch (error) {
 *   if (!(error instanceof HvError) || error.code !== 'NOT_FOUND') throw error
 *   console.log(error.message, error.exitStatus) // /nosuch: no such file on this host 127
 *   console.log(error.nextStep) // check the path
 * }
 */
export class HvError extends Error {
  override readonly name = 'HvError'
  /** What went wrong, for programs. */
  readonly code: HvErrorCode
  /** One imperative sentence that says how to fix it, or ''. */
  readonly nextStep: string
  /** With FILE_FAILED, what a program in the guest would get: `ENOENT`. */
  declare readonly errno?: string

  constructor(
    code: HvErrorCode,
    message: string,
    nextStep = '',
    options: ErrorOptions & {errno?: string} = {},
  ) {
    const {errno, ...rest} = options
    super(message, rest)
    this.code = code
    this.nextStep = nextStep
    if (errno !== undefined) this.errno = errno
  }

  /** The shell's convention: 127 not found, 126 not executable, 125 everything else. */
  get exitStatus(): number {
    if (this.code === 'NOT_FOUND') return 127
    if (this.code === 'NOT_EXECUTABLE' || this.code === 'BAD_ELF' || this.code === 'NO_INTERPRETER')
      return 126
    return 125
  }
}

/** File names and interpreter paths are bytes of the guest's: shown on one line, without terminal controls. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
