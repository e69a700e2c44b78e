// Modes: what tcsetattr(3) sets for a terminal: its layouts in memory, and its speeds. man 3 termios.

import {
  B38400,
  BOTHER,
  CBAUD,
  CBAUDEX,
  CREAD,
  CS8,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  IBSHIFT,
  ICANON,
  ICRNL,
  IEXTEN,
  ISIG,
  IXON,
  NCC,
  NCCS,
  ONLCR,
  OPOST,
  SPEEDS,
  TERMIO_SIZE,
  type TERMIOS_SIZE,
  TERMIOS2_SIZE,
} from '../../abi/termios.ts'

/** Replaced as a whole, never changed in place. */
export interface Modes {
  readonly input: number
  readonly output: number
  readonly control: number
  readonly local: number
  readonly line: number
  /** c_cc. */
  readonly characters: Uint8Array
  /** Bits per second. */
  readonly inputSpeed: number
  readonly outputSpeed: number
}

/** ^C ^\ DEL ^U ^D, VTIME 0, VMIN 1, none, ^Q ^S ^Z, none, ^R ^O ^W ^V, none. */
const CHARACTERS = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0]
const LINE_OFFSET = 16
const SPEED_OFFSET = 36

/** A new terminal's. */
export const INITIAL_MODES: Modes = {
  input: ICRNL | IXON,
  output: OPOST | ONLCR,
  control: B38400 | CS8 | CREAD,
  local: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
  line: 0,
  characters: Uint8Array.from(CHARACTERS),
  inputSpeed: 38400,
  outputSpeed: 38400,
}

/** As struct termios, or the longer termios2. */
export function encodeModes(modes: Modes, size: typeof TERMIOS_SIZE | typeof TERMIOS2_SIZE): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  const {input, output, control, local, line} = modes
  ;[input, output, control, local].forEach((flags, index) => {
    view.setUint32(4 * index, flags, true)
  })
  bytes[LINE_OFFSET] = line
  bytes.set(modes.characters, LINE_OFFSET + 1)
  if (size === TERMIOS2_SIZE) {
    view.setUint32(SPEED_OFFSET, modes.inputSpeed, true)
    view.setUint32(SPEED_OFFSET + 4, modes.outputSpeed, true)
  }
  return bytes
}

/** From struct termios or termios2: the length says which. */
export function decodeModes(bytes: Uint8Array, before: Modes): Modes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [input, output, control, local] = [0, 4, 8, 12].map((offset) => view.getUint32(offset, true))
  const hasSpeeds = bytes.length === TERMIOS2_SIZE
  const modes = {
    ...{input, output, control, local, line: bytes[LINE_OFFSET]},
    characters: bytes.slice(LINE_OFFSET + 1, LINE_OFFSET + 1 + NCCS),
    inputSpeed: hasSpeeds ? view.getUint32(SPEED_OFFSET, true) : before.inputSpeed,
    outputSpeed: hasSpeeds ? view.getUint32(SPEED_OFFSET + 4, true) : before.outputSpeed,
  }
  return withSpeeds(modes)
}

/** As System V's struct termio: the lower halves of the flags, and eight characters. */
export function encodeOldModes(modes: Modes): Uint8Array {
  const bytes = new Uint8Array(TERMIO_SIZE + 1)
  const view = new DataView(bytes.buffer)
  const {input, output, control, local, line} = modes
  ;[input, output, control, local].forEach((flags, index) => {
    view.setUint16(2 * index, flags & 0xffff, true)
  })
  bytes[8] = line
  bytes.set(modes.characters.subarray(0, NCC), 9)
  return bytes.subarray(0, TERMIO_SIZE)
}

/** Keeps what a termio has no room for. */
export function decodeOldModes(bytes: Uint8Array, before: Modes): Modes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const merged = (flags: number, index: number): number =>
    ((flags & ~0xffff) | view.getUint16(2 * index, true)) >>> 0
  const characters = before.characters.slice()
  characters.set(bytes.subarray(9, 9 + NCC))
  return withSpeeds({
    ...before,
    input: merged(before.input, 0),
    output: merged(before.output, 1),
    control: merged(before.control, 2),
    local: merged(before.local, 3),
    line: bytes[8],
    characters,
  })
}

/** The speeds that c_cflag names; an input speed of none is the output's. */
function withSpeeds(modes: Modes): Modes {
  const output = modes.control & CBAUD
  const input = (modes.control >>> IBSHIFT) & CBAUD
  const outputSpeed = output === BOTHER ? modes.outputSpeed : speedOf(output)
  if (input === 0) return {...modes, outputSpeed, inputSpeed: outputSpeed}
  return {...modes, outputSpeed, inputSpeed: input === BOTHER ? modes.inputSpeed : speedOf(input)}
}

function speedOf(code: number): number {
  return SPEEDS[code & CBAUDEX ? (code & ~CBAUDEX) + 15 : code] ?? 0
}
