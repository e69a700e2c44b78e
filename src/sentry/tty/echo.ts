// Echo: what a terminal shows of what is typed, kept while the output is stopped.

import {ECHO, ECHOCTL} from '../../abi/termios.ts'
import {isControl} from './characters.ts'
import type {OutputProcessor} from './output-processor.ts'

/** As much as Linux's N_TTY keeps; more is not shown. */
const LIMIT = 4096
/** ECHO_COMMIT_WATERMARK. */
const WATERMARK = 256
const TAB = 9
const TAB_WIDTH = 8
const BACKSPACE = 8
const CARET = 0x5e
const SLASH = 0x2f
const BACKSLASH = 0x5c
const ESCAPE = 0xff

/** Steps, in addition to bytes that are shown as they are. */
const CARETED = 0x100
const ERASE_TAB = 0x200
const ERASE_TAB_TO_LINE = 0x400
const LINE_BEGINS = 0x800
const SILENT_COLUMN = 0x1000

export class Echo {
  readonly #output: OutputProcessor
  #steps: number[] = []
  /** ECHOPRT shows erased characters between \ and /. */
  #isErasing = false

  constructor(output: OutputProcessor) {
    this.#output = output
  }

  get isOn(): boolean {
    return (this.#output.modes.local & ECHO) !== 0
  }

  /** It is time to show some, while more is received. */
  get isDue(): boolean {
    return this.#steps.length >= WATERMARK
  }

  /** A byte as it is. */
  raw(byte: number): void {
    this.#add(byte)
  }

  /** A byte in visible form: ^A. */
  byte(byte: number): void {
    const showsCaret = (this.#output.modes.local & ECHOCTL) !== 0 && isControl(byte) && byte !== TAB
    this.#add(showsCaret ? CARETED | byte : byte)
  }

  /** The first byte of a line is typed here. */
  lineBegins(): void {
    this.#add(LINE_BEGINS)
  }

  /** Goes back over a tab. @param columns since the previous tab, or (`toLine`) since the start of the line */
  eraseTab(columns: number, toLine: boolean): void {
    this.#add((toLine ? ERASE_TAB_TO_LINE : ERASE_TAB) | (columns % TAB_WIDTH))
  }

  /** ECHOPRT: shows the erased character again. */
  printErased(bytes: readonly number[]): void {
    if (!this.#isErasing) this.raw(BACKSLASH)
    this.#isErasing = true
    this.byte(bytes[0])
    for (const byte of bytes.slice(1)) this.#add(SILENT_COLUMN | byte)
  }

  endErasing(): void {
    if (this.#isErasing) this.raw(SLASH)
    this.#isErasing = false
  }

  forgetErasing(): void {
    this.#isErasing = false
  }

  /** Shows as much as there is room for. */
  flush(): void {
    let done = 0
    while (done < this.#steps.length && this.#show(this.#steps[done])) done++
    if (done > 0) this.#steps.splice(0, done)
  }

  clear(): void {
    this.#steps = []
    this.#isErasing = false
  }

  #add(step: number): void {
    if (this.#steps.length < LIMIT) this.#steps.push(step)
  }

  /** @returns false when there is no room */
  #show(step: number): boolean {
    const output = this.#output
    const byte = step & 0xff
    if (step & CARETED) return this.#showCaret(byte)
    if (step === ESCAPE) return this.#showEscape()
    if (step & LINE_BEGINS) {
      output.lineColumn = output.column
      return true
    }
    if (step & (ERASE_TAB | ERASE_TAB_TO_LINE)) return this.#backOverTab(step, byte)
    if (!output.put(byte)) return false
    if (step & SILENT_COLUMN) output.column = Math.max(0, output.column - 1)
    return true
  }

  #showCaret(byte: number): boolean {
    if (this.#output.room < 2) return false
    this.#output.putRaw(CARET)
    this.#output.column += 2
    return this.#output.putRaw(byte ^ 0x40)
  }

  /** Linux's echo uses this byte itself, and shows it whatever OPOST says. */
  #showEscape(): boolean {
    if (!this.#output.putRaw(ESCAPE)) return false
    this.#output.column++
    return true
  }

  #backOverTab(step: number, columns: number): boolean {
    const output = this.#output
    const from = step & ERASE_TAB_TO_LINE ? columns + output.lineColumn : columns
    const width = TAB_WIDTH - (from % TAB_WIDTH)
    if (output.room < width) return false
    for (let i = 0; i < width; i++) output.putRaw(BACKSPACE)
    output.column = Math.max(0, output.column - width)
    return true
  }
}
