// What debuggers and core dumps need of an architecture.

/** A thread's registers: Context.readRegisters() and readFpState(). */
export interface DebugState {
  readonly general: BigUint64Array
  readonly fp: Uint8Array
}

/** A single register, an unsigned number with the register's number of bits. */
export interface DebugRegister {
  read(state: DebugState): bigint
  write(state: DebugState, value: bigint): void
}

/** A note of a core file: core(5), linux/elf.h. */
export interface CoreNote {
  /** `CORE`, `LINUX`, or a program whose own note it is. */
  readonly owner: string
  readonly type: number
  readonly bytes: Uint8Array
}

export interface DebugSupport {
  /** The instruction that raises SIGTRAP. */
  readonly breakpoint: Uint8Array
  /** How far after it the program counter then is. */
  readonly behindBreakpoint: number
  /** By gdb's names. */
  readonly registers: Readonly<Record<string, DebugRegister>>
  /** Whether the state has the upper halves of vectors: x86_64's YMM. */
  hasWideVectors(fp: Uint8Array): boolean
  /** Shows the registers of a thread that sleeps in a call as ptrace(2) does on Linux: its result is -ERESTARTSYS. */
  showSleeper(registers: BigUint64Array, callNumber: number): void
  /** Whether the registers were shown so, and have not been changed. */
  isShownSleeper(registers: BigUint64Array): boolean
  /** Shows those of a thread that is about to make a call. */
  showCall(registers: BigUint64Array, callNumber: number, firstArgument: bigint): void
  /**
   * How to execute exactly one instruction.
   * @param code the bytes at the program counter: 4, or as many as can be read
   */
  stepOf(registers: BigUint64Array, code: Uint8Array): Step
  /** Sets or clears the processor's own flag for stepping. */
  setTrapFlag(registers: BigUint64Array, isSet: boolean): void
  hasTrapFlag(registers: BigUint64Array): boolean
  /** struct elf_gregset_t of NT_PRSTATUS. */
  coreRegisters(registers: BigUint64Array): Uint8Array
  /** A thread's notes, after its NT_PRSTATUS. */
  coreNotes(state: DebugState): CoreNote[]
}

/** `call`: it traps by itself, and is executed once it is answered; a number: a breakpoint there ends the step. */
export type Step = 'trap-flag' | 'call' | number

const FIRST_64 = (1n << 64n) - 1n
const ERESTARTSYS = 512n
/** A result that no call gives a program: the call is to be restarted. */
export const RESTARTS = BigInt.asUintN(64, -ERESTARTSYS)

/** The general register `index`. */
export function generalRegister(index: number): DebugRegister {
  return {
    read: ({general}) => general[index],
    write: ({general}, value) => {
      general[index] = value & FIRST_64
    },
  }
}

/** `length` bytes from `offset` on in the FP state; 0 where the state has none. `use` is called before they are written. */
export function fpBytes(
  offset: number,
  length: number,
  use: (fp: Uint8Array) => void = () => {},
): DebugRegister {
  return {
    read: ({fp}) => readInteger(fp.subarray(offset, offset + length)),
    write: ({fp}, value) => {
      use(fp)
      writeInteger(fp.subarray(offset, offset + length), value)
    },
  }
}

/** `count` registers, named by their number. */
export function numbered(
  prefix: string,
  count: number,
  registerAt: (index: number) => DebugRegister,
  suffix = '',
): Record<string, DebugRegister> {
  return Object.fromEntries(Array.from({length: count}, (_, i) => [`${prefix}${i}${suffix}`, registerAt(i)]))
}

/** Little-endian. */
export function readInteger(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i])
  return value
}

export function writeInteger(bytes: Uint8Array, value: bigint): void {
  for (let i = 0, rest = value; i < bytes.length; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
}

export function bytesOf(words: BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
