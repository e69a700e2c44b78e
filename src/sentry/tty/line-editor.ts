// LineEditor: the keys that change a line before a program reads it: erase, word erase, kill, reprint.

import {ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHOPRT, IUTF8, VERASE, VKILL} from '../../abi/termios.ts'
import {isContinuation, isControl, isWord} from './characters.ts'
import type {Echo} from './echo.ts'
import type {InputBuffer} from './input-buffer.ts'
import type {Modes} from './modes.ts'

const TAB = 9
const BACKSPACE = 8
const NEWLINE = 10
const BLANK = 32

export class LineEditor {
  readonly #buffer: InputBuffer
  readonly #echo: Echo
  modes: Modes

  constructor(buffer: InputBuffer, echo: Echo, modes: Modes) {
    this.#buffer = buffer
    this.#echo = echo
    this.modes = modes
  }

  eraseCharacter(): void {
    if (this.#buffer.editedBytes === 0) return
    this.#eraseLast(true)
    this.#done()
  }

  /** Back to the beginning of a word. */
  eraseWord(): void {
    let isInWord = false
    while (this.#buffer.editedBytes > 0) {
      const start = this.#lastStart()
      if (start < 0) break
      const isPart = isWord(this.#buffer.edited(start))
      if (isInWord && !isPart) break
      isInWord ||= isPart
      this.#eraseLast(false)
    }
    this.#done()
  }

  eraseLine(): void {
    const {local, characters} = this.modes
    if (this.#buffer.editedBytes === 0) return
    const isSeen = ECHOE | ECHOK | ECHOKE
    if (this.#echo.isOn && (local & isSeen) === isSeen) {
      while (this.#buffer.editedBytes > 0 && this.#lastStart() >= 0) this.#eraseLast(false)
      this.#done()
      return
    }
    this.#buffer.cutEdited(0)
    if (!this.#echo.isOn) return
    this.#echo.endErasing()
    this.#echo.byte(characters[VKILL])
    if (local & ECHOK) this.#echo.raw(NEWLINE)
  }

  /** Shows the line again, below. */
  reprint(key: number): void {
    this.#echo.endErasing()
    this.#echo.byte(key)
    this.#echo.raw(NEWLINE)
    for (let i = 0; i < this.#buffer.editedBytes; i++) this.#echo.byte(this.#buffer.edited(i))
  }

  #done(): void {
    if (this.#buffer.editedBytes === 0 && this.#echo.isOn) this.#echo.endErasing()
  }

  /** Where the last character begins; -1: the line holds only a part of one, which stays. */
  #lastStart(): number {
    let start = this.#buffer.editedBytes - 1
    while (start >= 0 && this.#continues(this.#buffer.edited(start))) start--
    return start
  }

  #eraseLast(isEraseKey: boolean): void {
    const start = this.#lastStart()
    if (start < 0) return
    const bytes: number[] = []
    for (let i = start; i < this.#buffer.editedBytes; i++) bytes.push(this.#buffer.edited(i))
    this.#buffer.cutEdited(start)
    if (this.#echo.isOn) this.#showErased(bytes, isEraseKey)
  }

  #showErased(bytes: readonly number[], isEraseKey: boolean): void {
    const {local, characters} = this.modes
    if (local & ECHOPRT) this.#echo.printErased(bytes)
    else if (isEraseKey && !(local & ECHOE)) this.#echo.byte(characters[VERASE])
    else if (bytes[0] === TAB) this.#backOverTab()
    else {
      const isTwoWide = isControl(bytes[0]) && (local & ECHOCTL) !== 0
      if (isTwoWide) this.#backOverColumn()
      if (isTwoWide || !isControl(bytes[0])) this.#backOverColumn()
    }
  }

  #backOverColumn(): void {
    for (const byte of [BACKSPACE, BLANK, BACKSPACE]) this.#echo.raw(byte)
  }

  /** Counts the columns between the text before the tab and the previous tab, or the start of the line. */
  #backOverTab(): void {
    let columns = 0
    for (let i = this.#buffer.editedBytes - 1; i >= 0; i--) {
      const byte = this.#buffer.edited(i)
      if (byte === TAB) {
        this.#echo.eraseTab(columns, false)
        return
      }
      if (isControl(byte)) columns += this.modes.local & ECHOCTL ? 2 : 0
      else if (!this.#continues(byte)) columns++
    }
    this.#echo.eraseTab(columns, true)
  }

  #continues(byte: number): boolean {
    return (this.modes.input & IUTF8) !== 0 && isContinuation(byte)
  }
}
