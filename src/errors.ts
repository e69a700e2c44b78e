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
  'TIMED_OUT',
  'VCPU_BUSY',
  'VCPU_FAILED',
] as const

/**
 * The codes of errors. They are stable: a program may switch on them. `nextStep` says more of the case at hand.
 *
 * | Code | When | Whose fault | The sandbox, or VM | Try again? |
 * | ------ | ------ | ------ | ------ | ------ |
 * | `ADDON_MISSING` | hv's addon cannot be loaded: it is not built, or not for this host | the installation | is not made | once it is installed again |
 * | `BAD_ARGUMENT` | an argument, option or file takes no such value, or two exclude each other | the caller | lives, if it was made | no |
 * | `BAD_ELF` | a program, or its interpreter, is a damaged ELF file | the program's maker | lives | no |
 * | `BAD_KERNEL` | a kernel, its initramfs or its modules are not what boots here | the kernel's maker | is not made | no |
 * | `BOARD_INVALID` | a board file lacks a field, or has a wrong one | the file's author | – | no |
 * | `DISPOSED` | it is used after `dispose` or `kill`, or was disposed of meanwhile | the caller | is gone | with a new one |
 * | `FILE_FAILED` | an operation on a file failed; `errno` says how, as a guest would be told | the caller, the guest or the disk: `errno` | lives | as with that errno |
 * | `HOST_SYSCALL` | the host refused a system call that hv needs | the host's settings or resources | is not made, or lives | once the next step is done |
 * | `JAIL_INCOMPLETE` | the host refuses a layer of the jail, and all are required | the host's settings | is not made | no, or with `best` as `jail` |
 * | `KVM_DENIED` | this user may not open /dev/kvm | the host's settings | is not made | with rights, or ptrace |
 * | `KVM_MISSING` | there is no /dev/kvm | the host | is not made | with KVM, or ptrace |
 * | `KVM_UNUSABLE` | KVM does not work here, or lacks what was asked of it | the host | is not made, or lives | on another host, or with ptrace |
 * | `LINE_TOO_LONG` | a line of output is longer than `maxLineBytes`; the loop over lines ends | the program | lives | with a larger `maxLineBytes` |
 * | `MEMORY_RANGE` | an address lies outside of the VM's memory | the caller | lives | no |
 * | `MEMORY_SIZE` | that many bytes of guest memory cannot be had, or overlap others | the caller | is not made, or lives | with another size |
 * | `NOT_EXECUTABLE` | a file is no program for this host, or may not be executed | the caller | lives | no |
 * | `NOT_FOUND` | a program or another file does not exist | the caller | lives, if it was made | once it exists |
 * | `NO_INTERPRETER` | a program's interpreter or dynamic linker is not in the guest's tree | the caller | lives | with it, or `withLibraries` |
 * | `OUT_OF_MEMORY` | a program does not fit `memoryBytes`, or the VM the host | the guest, or the host | lives, if it was made | when others have ended, or with more |
 * | `PTRACE_UNUSABLE` | the host lets no process trace another, as in many containers | the host's settings | is not made | once it does, or with KVM |
 * | `SANDBOX_DIED` | its process was killed: by the host for want of memory, or by somebody | the host | is gone | yes, in a new one |
 * | `SANDBOX_FAILED` | its process did not answer in time, or not as hv does: a bug, or the work of an intruder | hv | is gone | once, in a new one; then report it |
 * | `SANDBOX_FULL` | 64 programs run, or there are `maxTasks` processes and threads, or `maxConnections` | the caller, or the guest | lives | yes, when one has ended |
 * | `SAVE_INVALID` | a file is no saved VM, is damaged, or does not fit this host | the caller | is not made | no |
 * | `TIMED_OUT` | no program listened at a port within `timeoutMs` | the guest, or the caller | lives | once one does |
 * | `VCPU_BUSY` | a vCPU runs, and only a standing one can do this | the caller | lives | yes, when it stands |
 * | `VCPU_FAILED` | KVM cannot go on with a vCPU, or makes no further one | the guest, the host, or hv | is gone; a VM lives | once, in a new one |
 *
 * @see {@link HvError}
 */
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

/** An argument, an option or a file that is not taken. */
export function badArgument(message: string, nextStep?: string, options?: ErrorOptions): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep, options)
}

/** File names and interpreter paths are bytes of the guest's: shown on one line, without terminal controls. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** What `look` returns; undefined when it throws: what it looks at is not there, or this user may not look. */
export function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** What `body` returns; undefined when it throws an HvError. */
export function orUndefined<Result>(body: () => Result): Result | undefined {
  try {
    return body()
  } catch (error) {
    if (error instanceof HvError) return undefined
    throw error
  }
}
