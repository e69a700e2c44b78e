// Pty: a pseudo-terminal: two ends with a line discipline between them. man 7 pty.

import {EBUSY, EIO, Errno} from '../../abi/errno.ts'
import {POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGWINCH} from '../../abi/signal.ts'
import {CREAD, CS8, CSIZE, PARENB, VEOF, WINSIZE_SIZE} from '../../abi/termios.ts'
import type {Inode} from '../../vfs/file.ts'
import type {PtsDevice} from '../../vfs/fs/devpts.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import {ByteQueue} from './byte-queue.ts'
import {LineDiscipline, type LineOwner} from './line-discipline.ts'
import {INITIAL_MODES, type Modes} from './modes.ts'
import {Packets} from './packets.ts'
import {PtySlaveDescription} from './pty-slave.ts'
import {Terminal} from './terminal.ts'

/** What Linux holds on the way to an end, and what that end has taken over already, which cannot be recalled. */
const ON_THE_WAY = 8192
const TAKEN_OVER = 4095
/** A key that is switched off. */
const DISABLED = 0

export class Pty extends Terminal implements LineOwner {
  /** Until unlockpt(3). */
  isLocked = true
  /** TIOCEXCL: no further open. */
  isExclusive = false
  size: Uint8Array = new Uint8Array(WINSIZE_SIZE)
  /** What was printed and echoed, for the master. */
  readonly shown = new ByteQueue(ON_THE_WAY + TAKEN_OVER)
  readonly line: LineDiscipline
  readonly packets: Packets
  readonly masterWaiters = new WaitQueue()
  readonly slaveWaiters = new WaitQueue()
  /** How often the slave was hung up: earlier openers no longer have the terminal. */
  hangUps = 0
  /** When something was typed last, nanoseconds. */
  typedNs = 0
  /** Typed bytes for which the line has no room yet. */
  readonly #typed = new ByteQueue(ON_THE_WAY)
  /** How much was shown before the present keys: a key that empties everything recalls what they produced. */
  #shownBefore = 0
  #isMasterOpen = true
  #openSlaves = 0
  #wasSlaveOpen = false
  #end: 'none' | 'due' | 'given' = 'none'
  readonly #freed: () => void
  readonly #masterClosed: () => void

  /** @param ends called when the master is closed, and when both ends are */
  constructor(
    number: number,
    owner: PtsDevice['owner'],
    kernelOf: () => Kernel,
    ends: {masterClosed: () => void; freed: () => void},
  ) {
    super(number, owner, kernelOf)
    this.#masterClosed = ends.masterClosed
    this.#freed = ends.freed
    this.packets = new Packets(this.masterWaiters)
    this.line = new LineDiscipline(this, this.shown, INITIAL_MODES)
  }

  /** @throws Errno EIO, EBUSY */
  override open(inode: Inode, flags: number): PtySlaveDescription {
    if (this.isLocked || !this.#isMasterOpen) throw new Errno(EIO)
    if (this.isExclusive && !this.isAskedByAdministrator) throw new Errno(EBUSY)
    this.#openSlaves++
    this.#wasSlaveOpen = true
    this.masterWaiters.wakeAll()
    this.acquireByOpening(flags)
    return new PtySlaveDescription(this, inode, flags)
  }

  slaveClosed(): void {
    this.#openSlaves--
    if (this.#openSlaves === 0) this.isExclusive = false
    this.masterWaiters.wakeAll()
    this.#freeWhenClosed()
  }

  masterClosed(): void {
    this.#isMasterOpen = false
    this.#masterClosed()
    this.hangUp()
    this.#freeWhenClosed()
  }

  get isMasterOpen(): boolean {
    return this.#isMasterOpen
  }

  /** Whether the slave was opened and is no longer open. A master waits for the first open. */
  get isSlaveGone(): boolean {
    return this.#wasSlaveOpen && this.#openSlaves === 0
  }

  /** Bytes from the master. @returns how many had room */
  type(source: Uint8Array): number {
    let done = 0
    for (;;) {
      const count = this.#typed.push(source.subarray(done))
      done += count
      if (!this.#pump() || done === source.length) return done
    }
  }

  /** How many bytes have room, at least. */
  get typingRoom(): number {
    return this.#typed.room
  }

  /**
   * Typing is over. A read beyond what is there finds the end of the file, each time; without line editing, it finds the end-of-file
   * key, once after each change of modes: a shell gets it at each of its prompts, and an editor does not get it for ever.
   */
  endInput(): void {
    this.#end = 'due'
    this.slaveWaiters.wakeAll(POLLIN)
  }

  /** Whether `typeEnd` would give a read something. */
  get isAtEnd(): boolean {
    return this.#end === 'due' && this.line.inputBytes === 0 && this.line.modes.characters[VEOF] !== DISABLED
  }

  /** Call before a read, not sooner: what is typed ahead of a change of modes is no end. */
  typeEnd(): void {
    if (!this.isAtEnd) return
    if (!this.line.hasLines) this.#end = 'given'
    this.type(this.line.modes.characters.subarray(VEOF, VEOF + 1))
  }

  /** Bytes from the slave. @returns how many had room */
  print(source: Uint8Array): number {
    const count = this.line.write(source)
    if (this.shown.length > 0) this.masterWaiters.wakeAll(POLLIN)
    return count
  }

  /** The master reads. @returns how many bytes there were */
  see(target: Uint8Array): number {
    const wasFull = !this.line.hasOutputRoom
    const count = this.shown.take(target)
    this.#roomMade(wasFull)
    return count
  }

  /** tcflush(TCIFLUSH) of the master. */
  dropShown(): void {
    const wasFull = !this.line.hasOutputRoom
    this.shown.clear()
    this.#roomMade(wasFull)
  }

  /** The slave has read, or emptied its input. */
  inputTaken(): void {
    const wasFull = this.typingRoom === 0
    this.#pump()
    if (wasFull && this.typingRoom > 0) this.masterWaiters.wakeAll(POLLOUT)
  }

  /** tcflush(TCIFLUSH) of the slave. */
  clearTyped(): void {
    this.#typed.clear()
    this.line.clearInput()
    this.packets.flushedRead()
    this.masterWaiters.wakeAll(POLLOUT)
  }

  /** tcflush(TCOFLUSH) of the slave: keeps what the master has taken over. @param takenOver no more than that */
  clearShown(takenOver = TAKEN_OVER): void {
    const wasFull = !this.line.hasOutputRoom
    this.shown.cut(Math.min(takenOver, TAKEN_OVER))
    this.packets.flushedWrite()
    if (wasFull) this.slaveWaiters.wakeAll(POLLOUT)
  }

  /** tcflush(TCOFLUSH) of the master: keeps what is already edited. */
  clearWaiting(): void {
    this.#typed.clear()
    this.masterWaiters.wakeAll(POLLOUT)
  }

  /** One byte to the master, even while the output is stopped. */
  send(byte: number): void {
    if (this.shown.room > 0) this.shown.pushByte(byte)
    this.masterWaiters.wakeAll(POLLIN)
  }

  flowChanged(isStopped: boolean): void {
    this.packets.flowChanged(isStopped)
    if (!isStopped) this.slaveWaiters.wakeAll(POLLOUT)
  }

  flushed(): void {
    this.clearShown(this.#shownBefore)
    this.packets.flushedRead()
  }

  setModes(modes: Modes): void {
    const before = this.line.modes
    const control = (modes.control & ~(CSIZE | PARENB)) | CS8 | CREAD
    this.line.setModes({...modes, control: control >>> 0})
    this.packets.modesChanged(before, modes)
    if (this.#end === 'given') this.#end = 'due'
    this.masterWaiters.wakeAll(POLLIN)
    this.slaveWaiters.wakeAll()
  }

  setSize(size: Uint8Array): void {
    if (size.every((byte, index) => byte === this.size[index])) return
    this.size = size.slice()
    this.signalForeground(SIGWINCH)
  }

  override hangUp(): void {
    this.hangUps++
    super.hangUp()
    this.slaveWaiters.wakeAll()
  }

  /** Moves typed bytes to the line, as far as there is room. @returns whether any moved */
  #pump(): boolean {
    const typed = this.#typed.peek()
    if (typed.length === 0) return false
    this.#shownBefore = this.shown.length
    const count = this.line.receive(typed)
    this.#typed.drop(count)
    if (count === 0) return false
    this.typedNs = this.kernel.monotonicNs()
    if (this.line.inputBytes > 0) this.slaveWaiters.wakeAll(POLLIN)
    if (this.shown.length > 0) this.masterWaiters.wakeAll(POLLIN)
    return true
  }

  #roomMade(wasFull: boolean): void {
    this.line.showEchoes()
    if (wasFull && this.line.hasOutputRoom) this.slaveWaiters.wakeAll(POLLOUT)
  }

  #freeWhenClosed(): void {
    if (!this.#isMasterOpen && this.#openSlaves === 0) this.#freed()
  }
}
