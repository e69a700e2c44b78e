// buildStack: the bytes of a new program's stack, per the System V ABI (x86_64 psABI 3.4.1; arm64 is the same).

import {AT_EXECFN, AT_NULL, AT_PLATFORM, AT_RANDOM} from '../abi/auxv.ts'
import {E2BIG, Errno} from '../abi/errno.ts'
import {badArgument} from '../errors.ts'
import type {AuxEntry} from './auxv.ts'
import {floorTo} from './span.ts'

/** MAX_ARG_STRLEN: one string, its NUL included. */
export const STRING_LIMIT = 32 * 4096
/** Strings and pointers together: a quarter of the stack, at least ARG_MAX and at most 6 MiB (man 2 execve). */
const TOTAL_MIN = 32 * 4096
export const ARGUMENT_BYTES_MAX = 6 * 2 ** 20
const WORD = 8
const STACK_ALIGN = 16

export interface StackRequest {
  /** Byte strings (latin1, without NUL), as are `envp`, `execfn` and `platform`. Empty: Linux passes one empty string. */
  readonly argv: readonly string[]
  readonly envp: readonly string[]
  readonly auxv: readonly AuxEntry[]
  /** 16 random bytes (AT_RANDOM: the stack protector's and the pointer guard's seed). */
  readonly random16: Uint8Array
  /** The name under which the program was started. */
  readonly execfn: string
  /** AT_PLATFORM: `x86_64`, `aarch64`. */
  readonly platform: string
  readonly stackTop: number
  /** RLIMIT_STACK in bytes; Infinity for none. */
  readonly stackLimit: number
  /** Layout's stackJitter. */
  readonly jitter?: number
}

export interface InitialStack {
  /** The stack pointer at entry, 16-byte aligned; argc is there. */
  readonly sp: number
  /** Memory from `sp` to `stackTop`. */
  readonly bytes: Uint8Array
  /** The strings' addresses, for /proc/self/cmdline and environ; ends are exclusive. */
  readonly argStart: number
  readonly argEnd: number
  readonly envEnd: number
}

/**
 * @throws Errno E2BIG
 * @throws HvError BAD_ARGUMENT for a string that holds a NUL or a char above 255
 */
export function buildStack(request: StackRequest): InitialStack {
  const argv = request.argv.length === 0 ? [''] : request.argv
  const {envp, execfn, platform, stackTop} = request
  const argLength = sizeOf(argv)
  const envLength = sizeOf(envp)
  const execfnLength = sizeOf([execfn])
  checkTotal(argLength + envLength + execfnLength, argv.length + envp.length, request.stackLimit)

  // From the top: a null word, execfn, environment, arguments; platform and random bytes; then the tables.
  const execfnAddress = stackTop - WORD - execfnLength
  const envStart = execfnAddress - envLength
  const argStart = envStart - argLength
  const platformAddress = floorTo(argStart, STACK_ALIGN) - (request.jitter ?? 0) - sizeOf([platform])
  const randomAddress = platformAddress - request.random16.length
  const auxv: AuxEntry[] = [
    ...request.auxv,
    [AT_RANDOM, randomAddress],
    [AT_EXECFN, execfnAddress],
    [AT_PLATFORM, platformAddress],
    [AT_NULL, 0],
  ]
  const words = 1 + (argv.length + 1) + (envp.length + 1) + 2 * auxv.length
  const sp = floorTo(randomAddress - words * WORD, STACK_ALIGN)

  const writer = new StackWriter(sp, stackTop)
  writer.strings(execfnAddress, [execfn])
  writer.strings(platformAddress, [platform])
  writer.bytes.set(request.random16, randomAddress - sp)
  writer.word(argv.length)
  writer.pointers(writer.strings(argStart, argv))
  writer.pointers(writer.strings(envStart, envp))
  for (const [type, value] of auxv) {
    writer.word(type)
    writer.word(value)
  }
  return {sp, bytes: writer.bytes, argStart, argEnd: envStart, envEnd: execfnAddress}
}

/** Bytes of the strings with their NULs. */
function sizeOf(strings: readonly string[]): number {
  let total = 0
  for (const string of strings) {
    if (string.length + 1 > STRING_LIMIT) throw new Errno(E2BIG)
    if (/[\0\u0100-\uffff]/.test(string)) {
      const nextStep = 'encode text as UTF-8 in a latin1 string, and leave NUL out'
      throw badArgument('an argument or environment string is no byte string', nextStep)
    }
    total += string.length + 1
  }
  return total
}

// fs/exec.c, bprm_stack_limits: the pointers count, but not those of the auxiliary vector.
function checkTotal(stringBytes: number, strings: number, stackLimit: number): void {
  const limit = Math.max(Math.min(stackLimit / 4, ARGUMENT_BYTES_MAX), TOTAL_MIN)
  if (stringBytes + strings * WORD > limit) throw new Errno(E2BIG)
}

class StackWriter {
  readonly bytes: Buffer
  readonly #view: DataView
  readonly #base: number
  #at = 0

  constructor(sp: number, top: number) {
    this.bytes = Buffer.from(new ArrayBuffer(top - sp))
    this.#view = new DataView(this.bytes.buffer)
    this.#base = sp
  }

  word(value: number | bigint): void {
    this.#view.setBigUint64(this.#at, BigInt(value), true)
    this.#at += WORD
  }

  pointers(addresses: readonly number[]): void {
    for (const address of addresses) this.word(address)
    this.word(0)
  }

  /** Writes the strings one after another from `address`. @returns their addresses */
  strings(address: number, strings: readonly string[]): number[] {
    return strings.map((string) => {
      const place = address
      this.bytes.write(string, place - this.#base, 'latin1')
      address += string.length + 1
      return place
    })
  }
}
