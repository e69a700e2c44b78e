// A terminal as a machine's console: rawTerminal makes it deliver each key as it is typed; ConsoleKeys passes the keys on.

import {Transform, type TransformCallback} from 'node:stream'
import {TCGETS, TCSETS} from '../../abi/ioctl.ts'
import * as termios from '../../abi/termios.ts'
import {nativeHost} from '../../vfs/native-host.ts'

/** In struct termios of asm-generic/termbits.h: 32 bits each, then a byte, then c_cc. */
const [IFLAG, OFLAG, LFLAG, CC] = [0, 4, 12, 17]
const INPUT_FLAGS = termios.ISTRIP | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
const LOCAL_FLAGS = termios.ISIG | termios.ICANON | termios.ECHO | termios.IEXTEN

/**
 * Its modes are restored on disposal, and when this process dies, in whatever way.
 * @param hasTerminal the machine's output has passed through a terminal of its own; otherwise output is processed as before
 */
export function rawTerminal(fd: number, {hasTerminal = false} = {}): Disposable {
  nativeHost.files.guardTerminal(fd)
  const bytes = new Uint8Array(termios.TERMIOS_SIZE)
  nativeHost.files.hostIoctl(fd, TCGETS, bytes)
  const view = new DataView(bytes.buffer)
  const clear = (at: number, flags: number): void => {
    view.setUint32(at, view.getUint32(at, true) & ~flags, true)
  }
  clear(IFLAG, INPUT_FLAGS)
  clear(LFLAG, LOCAL_FLAGS)
  if (hasTerminal) clear(OFLAG, termios.OPOST)
  bytes[CC + termios.VMIN] = 1
  bytes[CC + termios.VTIME] = 0
  nativeHost.files.beginTerminalChange()
  try {
    nativeHost.files.hostIoctl(fd, TCSETS, bytes)
  } finally {
    nativeHost.files.endTerminalChange()
  }
  return {[Symbol.dispose]: () => nativeHost.files.restoreTerminal()}
}

const ESCAPE = 0x01

/** ^A and then a key is for hv, as with QEMU. */
export class ConsoleKeys extends Transform {
  readonly #actions: ReadonlyMap<string, () => void>
  #isEscaped = false

  /** @param actions what a key does after ^A, by key */
  constructor(actions: ReadonlyMap<string, () => void>) {
    super()
    this.#actions = actions
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const typed = [...chunk].filter((byte) => this.#isForMachine(byte))
    done(null, Uint8Array.from(typed))
  }

  /** ^A twice is one ^A; ^A before a key without an action is dropped. */
  #isForMachine(byte: number): boolean {
    if (!this.#isEscaped) {
      this.#isEscaped = byte === ESCAPE
      return !this.#isEscaped
    }
    this.#isEscaped = false
    const action = this.#actions.get(String.fromCharCode(byte))
    action?.()
    return action === undefined
  }
}
