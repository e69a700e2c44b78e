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
  TERMIOS_SIZE,
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
const SPEED_OFFSET = 36

/** Four words of flags, then the line discipline, the characters, and in the longest one the speeds. */
export interface ModesLayout {
  readonly size: number
  readonly flagBytes: 2 | 4
  /** How many there is room for. */
  readonly characters: number
}

export const TERMIOS: ModesLayout = {size: TERMIOS_SIZE, flagBytes: 4, characters: NCCS}
export const TERMIOS2: ModesLayout = {size: TERMIOS2_SIZE, flagBytes: 4, characters: NCCS}
/** System V's: the lower halves of the flags. */
export const TERMIO: ModesLayout = {size: TERMIO_SIZE, flagBytes: 2, characters: NCC}

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

export function encodeModes(modes: Modes, {size, flagBytes, characters}: ModesLayout): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  const {input, output, control, local, line} = modes
  ;[input, output, control, local].forEach((flags, index) => {
    if (flagBytes === 4) view.setUint32(4 * index, flags, true)
    else view.setUint16(2 * index, flags, true)
  })
  bytes[4 * flagBytes] = line
  bytes.set(modes.characters.subarray(0, characters), 4 * flagBytes + 1)
  if (size === TERMIOS2_SIZE) {
    view.setUint32(SPEED_OFFSET, modes.inputSpeed, true)
    view.setUint32(SPEED_OFFSET + 4, modes.outputSpeed, true)
  }
  return bytes
}

/** Keeps what the layout has no room for. */
export function decodeModes(bytes: Uint8Array, before: Modes, layout: ModesLayout): Modes {
  const {size, flagBytes} = layout
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  const flags = (index: number, old: number): number => {
    if (flagBytes === 4) return view.getUint32(4 * index, true)
    return ((old & ~0xffff) | view.getUint16(2 * index, true)) >>> 0
  }
  const characters = before.characters.slice()
  characters.set(bytes.subarray(4 * flagBytes + 1, 4 * flagBytes + 1 + layout.characters))
  const hasSpeeds = size === TERMIOS2_SIZE
  return withSpeeds({
    input: flags(0, before.input),
    output: flags(1, before.output),
    control: flags(2, before.control),
    local: flags(3, before.local),
    line: bytes[4 * flagBytes],
    characters,
    inputSpeed: hasSpeeds ? view.getUint32(SPEED_OFFSET, true) : before.inputSpeed,
    outputSpeed: hasSpeeds ? view.getUint32(SPEED_OFFSET + 4, true) : before.outputSpeed,
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
