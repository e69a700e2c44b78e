// LiveTerminal: a running program's standard streams as one guest terminal, whose other end is the owner's.

import {ENOSPC, Errno} from '../../abi/errno.ts'
import {WINSIZE_SIZE} from '../../abi/termios.ts'
import {HvError} from '../../errors.ts'
import type {Sentry} from '../../sentry/outside/sentry.ts'
import type {Pty} from '../../sentry/tty/pty.ts'
import type {Terminals} from '../../sentry/tty/terminals.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {LiveRequest} from '../protocol/messages.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import {type Live, LiveInput, LiveOutput, type LiveSink, type LiveSource, type Post} from './live-streams.ts'

/** Less than a terminal holds, so that its program need not wait. */
const BATCH_BYTES = 4096
/** The one that leads to the owner. */
const STDOUT = 1

export class LiveTerminal implements Live {
  readonly files: readonly FileDescription[]
  readonly terminal: Pty
  readonly #input: LiveInput
  readonly #output: LiveOutput

  /** @throws HvError OUT_OF_MEMORY */
  constructor(post: Post, {kernel, terminals, credentials}: Sentry, size: SandboxTerminalSize) {
    const {pty, slave} = openTerminal(terminals, credentials.uid)
    pty.setSize(encodeSize(size))
    this.terminal = pty
    this.files = [slave, slave, slave]
    this.#input = new LiveInput(post, keysOf(pty))
    this.#output = new LiveOutput(STDOUT, post, screenOf(pty), kernel.timers)
  }

  take(request: LiveRequest): void {
    if (request.kind === 'resize') this.terminal.setSize(encodeSize(request))
    else if (request.kind === 'input') this.#input.give(request.bytes, request.isEnd)
    else if (request.kind === 'room') this.#output.addRoom(request.bytes)
    else if (request.kind === 'shut' && request.fd === STDOUT) {
      this.#output.shut()
      // Nobody will take what still waits.
      this.#input.give(new Uint8Array(0), false)
    }
  }

  abandon(): void {
    this.files[0].close()
  }

  finish(): void {
    this.#input.shut()
    this.#output.finish()
  }
}

/** @throws HvError OUT_OF_MEMORY */
function openTerminal(terminals: Terminals, uid: number) {
  try {
    return terminals.openOwn(uid)
  } catch (error) {
    if (!(error instanceof Errno && error.code === ENOSPC)) throw error
    throw new HvError(
      'OUT_OF_MEMORY',
      'the sandbox has no room for a terminal',
      'end a program that has many',
    )
  }
}

/** What is typed. The terminal outlives the end of input. */
function keysOf(pty: Pty): LiveSink {
  return {
    waiters: pty.masterWaiters,
    get room() {
      return pty.typingRoom
    },
    get isRead() {
      return pty.isMasterOpen
    },
    write: (bytes) => pty.type(bytes),
    close: () => pty.endInput(),
  }
}

/** What is shown. Closing it takes the terminal away, as closing a terminal's window does. */
function screenOf(pty: Pty): LiveSource {
  return {
    waiters: pty.masterWaiters,
    batchBytes: BATCH_BYTES,
    get length() {
      return pty.shown.length
    },
    read: (target) => pty.see(target),
    close: () => pty.masterClosed(),
  }
}

/** As struct winsize. */
function encodeSize({columns, rows}: SandboxTerminalSize): Uint8Array {
  const bytes = new Uint8Array(WINSIZE_SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, rows, true)
  view.setUint16(2, columns, true)
  return bytes
}
