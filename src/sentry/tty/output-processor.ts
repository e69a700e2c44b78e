// OutputProcessor: what OPOST does to bytes on their way to the screen, and the column that they leave the cursor in.

import {IUTF8, OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TABDLY, XTABS} from '../../abi/termios.ts'
import type {ByteQueue} from './byte-queue.ts'
import {isContinuation, isControl, toUpper} from './characters.ts'
import type {Modes} from './modes.ts'

const TAB_WIDTH = 8
const NEWLINE = 10
const RETURN = 13
const TAB = 9
const BACKSPACE = 8
const BLANK = 32

export class OutputProcessor {
  readonly #queue: ByteQueue
  modes: Modes
  column = 0
  /** The column where the typed line began: erasing a tab goes back to it. */
  lineColumn = 0

  constructor(queue: ByteQueue, modes: Modes) {
    this.#queue = queue
    this.modes = modes
  }

  get room(): number {
    return this.#queue.room
  }

  /** Bytes from the program. @returns how many had room */
  write(source: Uint8Array): number {
    if (!(this.modes.output & OPOST)) return this.#queue.push(source)
    let done = 0
    while (done < source.length) {
      const end = this.#endOfText(source, done)
      if (end > done) {
        const taken = this.#queue.push(source.subarray(done, end))
        this.column += this.#columnsOf(source, done, done + taken)
        done += taken
        if (done < end) break
      } else if (this.put(source[done])) done++
      else break
    }
    return done
  }

  /** Where the bytes that are shown unchanged end. */
  #endOfText(source: Uint8Array, start: number): number {
    if (this.modes.output & OLCUC) return start
    let end = start
    while (end < source.length && !isControl(source[end])) end++
    return end
  }

  #columnsOf(source: Uint8Array, start: number, end: number): number {
    if (!(this.modes.input & IUTF8)) return end - start
    let columns = 0
    for (let i = start; i < end; i++) if (!isContinuation(source[i])) columns++
    return columns
  }

  /** One byte from the program, or of an echo. @returns false when there is no room for its output */
  put(byte: number): boolean {
    if (!(this.modes.output & OPOST)) return this.putRaw(byte)
    switch (byte) {
      case NEWLINE:
        return this.#newline()
      case RETURN:
        return this.#return()
      case TAB:
        return this.#tab()
      case BACKSPACE:
        if (this.room === 0) return false
        if (this.column > 0) this.column--
        break
      default:
        return this.#ordinary(byte)
    }
    return this.putRaw(byte)
  }

  /** @returns false when there is no room */
  putRaw(byte: number): boolean {
    if (this.room === 0) return false
    this.#queue.pushByte(byte)
    return true
  }

  #newline(): boolean {
    const {output} = this.modes
    const returns = (output & ONLCR) !== 0
    if (this.room < (returns ? 2 : 1)) return false
    if (returns || output & ONLRET) this.column = 0
    this.lineColumn = this.column
    if (returns) this.#queue.pushByte(RETURN)
    return this.putRaw(NEWLINE)
  }

  #return(): boolean {
    const {output} = this.modes
    if (output & ONOCR && this.column === 0) return true
    if (this.room === 0) return false
    const becomesNewline = (output & OCRNL) !== 0
    if (!becomesNewline || output & ONLRET) this.lineColumn = this.column = 0
    return this.putRaw(becomesNewline ? NEWLINE : RETURN)
  }

  #tab(): boolean {
    const width = TAB_WIDTH - (this.column % TAB_WIDTH)
    const isExpanded = (this.modes.output & TABDLY) === XTABS
    if (this.room < (isExpanded ? width : 1)) return false
    this.column += width
    if (!isExpanded) return this.putRaw(TAB)
    for (let i = 0; i < width; i++) this.#queue.pushByte(BLANK)
    return true
  }

  #ordinary(byte: number): boolean {
    if (this.room === 0) return false
    if (isControl(byte)) return this.putRaw(byte)
    const {input, output} = this.modes
    if (!(input & IUTF8 && isContinuation(byte))) this.column++
    return this.putRaw(output & OLCUC ? toUpper(byte) : byte)
  }
}
