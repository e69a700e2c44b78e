// ioctl(2): the modes of a pseudo-terminal, in all four layouts. man 2 TCSETS, man 3 termios.

import {
  TCGETA,
  TCGETS,
  TCGETS2,
  TCSETA,
  TCSETAF,
  TCSETAW,
  TCSETS,
  TCSETS2,
  TCSETSF,
  TCSETSF2,
  TCSETSW,
  TCSETSW2,
} from '../../abi/ioctl.ts'
import {TERMIO_SIZE, TERMIOS_SIZE, TERMIOS2_SIZE} from '../../abi/termios.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {decodeModes, decodeOldModes, encodeModes, encodeOldModes, type Modes} from './modes.ts'
import type {Pty} from './pty.ts'

type Decode = (bytes: Uint8Array, before: Modes) => Modes

/** How many bytes each takes, and whether it empties the input first. Output never has to be waited for. */
const SETTING = new Map<number, readonly [size: number, flushes: boolean, decode: Decode]>([
  [TCSETS, [TERMIOS_SIZE, false, decodeModes]],
  [TCSETSW, [TERMIOS_SIZE, false, decodeModes]],
  [TCSETSF, [TERMIOS_SIZE, true, decodeModes]],
  [TCSETS2, [TERMIOS2_SIZE, false, decodeModes]],
  [TCSETSW2, [TERMIOS2_SIZE, false, decodeModes]],
  [TCSETSF2, [TERMIOS2_SIZE, true, decodeModes]],
  [TCSETA, [TERMIO_SIZE, false, decodeOldModes]],
  [TCSETAW, [TERMIO_SIZE, false, decodeOldModes]],
  [TCSETAF, [TERMIO_SIZE, true, decodeOldModes]],
])

/** @returns undefined: the request is about something else */
export function modeRequest(
  pty: Pty,
  request: number,
  argument: number,
  memory: IoctlMemory,
): number | undefined {
  const {modes} = pty.line
  switch (request) {
    case TCGETS:
      memory.write(argument, encodeModes(modes, TERMIOS_SIZE))
      return 0
    case TCGETS2:
      memory.write(argument, encodeModes(modes, TERMIOS2_SIZE))
      return 0
    case TCGETA:
      memory.write(argument, encodeOldModes(modes))
      return 0
  }
  const setting = SETTING.get(request)
  if (setting === undefined) return undefined
  const [size, flushes, decode] = setting
  pty.requireForeground()
  const wanted = decode(memory.read(argument, size), modes)
  if (flushes) pty.clearTyped()
  pty.setModes(wanted)
  return 0
}
