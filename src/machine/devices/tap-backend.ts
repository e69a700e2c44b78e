// TapBackend: a network device's cable to a TAP interface of the host (Linux, Documentation/networking/tuntap.rst).

import {EAGAIN, EBUSY, EINVAL, EPERM} from '../../abi/errno.ts'
import {badArgument, type HvError} from '../../errors.ts'
import {canWatch, watchReadable} from '../../readable.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {openTapFd, setTapOffloads} from '../../vm/open-tap.ts'
import {
  type GuestOffloads,
  HEADER_BYTES,
  MOST_FRAME_BYTES,
  type NetworkBackend,
  type NetworkGuest,
} from './network-backend.ts'

const NAME_BYTES = 15
/** linux/if_tun.h. */
const [TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6] = [1, 2, 4]
/** Frames taken from the host before others have their turn. */
const FRAMES_AT_ONCE = 64

export class TapBackend implements NetworkBackend, Disposable {
  /** The host's kernel checks the header, and drops what is wrong. */
  readonly hasOffloads = true
  readonly #fd: number
  readonly #frame = new Uint8Array(HEADER_BYTES + MOST_FRAME_BYTES)
  #guest!: NetworkGuest
  #watch: Disposable | undefined
  /** A frame from the host for which the guest has no room. */
  #held: Uint8Array | undefined
  #isClosed = false

  /** @param name of the interface; one that does not exist is made, and removed at the end. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  constructor(name: string) {
    this.#fd = openTap(name)
  }

  attach(guest: NetworkGuest): void {
    this.#guest = guest
    this.#listen()
  }

  setGuestOffloads({checksums, tcp4, tcp6}: GuestOffloads): void {
    if (this.#isClosed) return
    // Without checksums the host leaves no segments.
    const flags = checksums ? TUN_F_CSUM | (tcp4 ? TUN_F_TSO4 : 0) | (tcp6 ? TUN_F_TSO6 : 0) : 0
    try {
      setTapOffloads(this.#fd, flags)
    } catch {
      // The interface is gone: no more will come.
    }
  }

  /** When the interface is down, frames go nowhere, as without a cable. */
  send(frame: Uint8Array): boolean {
    // The sender retransmits a frame that is lost: Ethernet promises nothing.
    if (!this.#isClosed) nativeHost.files.hostWrite(this.#fd, frame, -1)
    return true
  }

  onRoom(): void {
    if (this.#held !== undefined && !this.#guest.receive(this.#held)) return
    this.#held = undefined
    this.#listen()
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ignore()
    nativeHost.files.hostClose(this.#fd)
  }

  #listen(): void {
    if (!this.#isClosed) this.#watch ??= watchReadable(this.#fd, () => this.#read())
  }

  #ignore(): void {
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
  }

  #read(): void {
    for (let count = 0; count < FRAMES_AT_ONCE; count++) {
      const frame = this.#isClosed ? undefined : this.#next()
      if (frame === undefined) return
      if (this.#guest.receive(frame)) continue
      this.#held = frame.slice()
      this.#ignore()
      return
    }
  }

  /** The next frame, with its header, until it is called again. undefined when there is none now. */
  #next(): Uint8Array | undefined {
    const count = nativeHost.files.hostRead(this.#fd, this.#frame, -1)
    if (count >= 0) return this.#frame.subarray(0, count)
    // The interface is gone: no more will come.
    if (count !== -EAGAIN) this.#ignore()
    return undefined
  }
}

/** @returns a non-blocking descriptor */
function openTap(name: string): number {
  const refused = (message: string, nextStep: string): HvError =>
    badArgument(`the network tap:${name} ${message}`, nextStep)
  if (!canWatch) throw refused('needs Node.js, and this is Bun', 'run it by Node.js')
  if (!/^[^\s/:%\0]{1,15}$/.test(name) || Buffer.byteLength(name) > NAME_BYTES)
    throw refused('is no name of an interface', 'give 1 to 15 characters')
  try {
    return openTapFd(name)
  } catch (cause) {
    const {errno = 0, message} = cause as {errno?: number; message: string}
    throw refused(
      `cannot be used: ${reasonOf(errno, message)}`,
      'make one as root: `ip tuntap add tap0 mode tap user NAME`',
    )
  }
}

function reasonOf(errno: number, message: string): string {
  if (errno === EBUSY) return 'somebody else has it'
  if (errno === EPERM) return 'it is another user’s, or not there, and only root makes one'
  if (errno === EINVAL) return 'it is no TAP interface'
  return message
}
