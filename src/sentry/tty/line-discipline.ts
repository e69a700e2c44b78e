// LineDiscipline: what a terminal does between the typist and the program: Linux's N_TTY. man 3 termios.

import {SIGINT, SIGQUIT, SIGTSTP} from '../../abi/signal.ts'
import {
  ECHOCTL,
  ECHONL,
  EXTPROC,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNCR,
  INLCR,
  ISIG,
  ISTRIP,
  IUCLC,
  IXANY,
  IXON,
  NOFLSH,
  OPOST,
  PARMRK,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VTIME,
  VWERASE,
} from '../../abi/termios.ts'
import type {ByteQueue} from './byte-queue.ts'
import {toLower} from './characters.ts'
import {Echo} from './echo.ts'
import {FlowControl} from './flow-control.ts'
import {InputBuffer} from './input-buffer.ts'
import {LineEditor} from './line-editor.ts'
import type {Modes} from './modes.ts'
import {OutputProcessor} from './output-processor.ts'

const NEWLINE = 10
const RETURN = 13
const BACKSPACE = 8
const CARET = 0x5e
const MARKED = 0xff
/** A control character that is switched off. */
const DISABLED = 0
const TENTH_NS = 1e8

/** The surrounding terminal. */
export interface LineOwner {
  /** Signals the foreground process group. */
  signalForeground(signal: number): void
  /** The output is stopped from now on, or continues. */
  flowChanged(isStopped: boolean): void
  /** A signal key emptied the input, and as much of the output as can still be recalled. */
  flushed(): void
}

export class LineDiscipline {
  readonly #owner: LineOwner
  readonly #buffer = new InputBuffer()
  readonly #output: OutputProcessor
  readonly #echo: Echo
  readonly #editor: LineEditor
  #modes: Modes
  #isLiteral = false
  readonly flow: FlowControl

  /** @param shown where output and echo go */
  constructor(owner: LineOwner, shown: ByteQueue, modes: Modes) {
    this.#owner = owner
    this.#modes = modes
    this.flow = new FlowControl((isStopped) => owner.flowChanged(isStopped))
    this.#output = new OutputProcessor(shown, modes)
    this.#echo = new Echo(this.#output)
    this.#editor = new LineEditor(this.#buffer, this.#echo, modes)
  }

  get modes(): Modes {
    return this.#modes
  }

  setModes(modes: Modes): void {
    const before = this.#modes
    this.#modes = this.#output.modes = this.#editor.modes = modes
    if ((before.local ^ modes.local) & (ICANON | EXTPROC)) {
      this.#buffer.switchLines(this.hasLines)
      this.#isLiteral = false
      this.#echo.forgetErasing()
    }
    if (before.input & IXON && !(modes.input & IXON)) this.flow.start()
    this.showEchoes()
  }

  /** Typed bytes. @returns how many were taken: the others wait for a reader */
  receive(bytes: Uint8Array): number {
    if (this.#isRaw) return this.#buffer.putAll(bytes)
    const width = this.#modes.input & PARMRK ? 3 : 1
    let done = 0
    while (this.#buffer.makeRoom(this.hasLines, width) && done < bytes.length) this.#receive(bytes[done++])
    this.showEchoes()
    return done
  }

  /** Bytes from the program. @returns how many were taken */
  write(source: Uint8Array): number {
    this.showEchoes()
    if (this.flow.isStopped) return 0
    return this.#output.write(source)
  }

  /** Whether a byte of any kind may be shown at once. */
  get hasOutputRoom(): boolean {
    return !this.flow.isStopped && this.#output.room >= (this.#modes.output & OPOST ? 8 : 1)
  }

  /** Bytes that a read may get: TIOCINQ. */
  get inputBytes(): number {
    return this.hasLines ? this.#buffer.lineBytes : this.#buffer.length
  }

  /** poll(2): VMIN counts where no time is set. */
  get isReadable(): boolean {
    if (this.hasLines) return this.#buffer.lineBytes > 0
    const least = this.#modes.characters[VTIME] === 0 ? this.#modes.characters[VMIN] : 0
    return this.#buffer.length >= Math.max(1, least)
  }

  /** Whether a read of this many bytes is over, given what is there: man 3 termios, MIN and TIME. */
  endsRead(wanted: number): boolean {
    const {characters} = this.#modes
    if (this.hasLines) return this.#buffer.lineBytes > 0
    if (characters[VMIN] === 0 && characters[VTIME] === 0) return true
    return this.#buffer.length >= Math.min(wanted, Math.max(1, characters[VMIN]))
  }

  read(target: Uint8Array): number {
    return this.hasLines ? this.#buffer.takeLine(target) : this.#buffer.takeBytes(target)
  }

  /** How long a read waits, nanoseconds: for the first byte, or (VMIN) after each one. Undefined: as long as it takes. */
  get readTimeoutNs(): number | undefined {
    const {characters} = this.#modes
    if (this.hasLines || characters[VTIME] === 0) return undefined
    if (characters[VMIN] > 0 && this.#buffer.length === 0) return undefined
    return characters[VTIME] * TENTH_NS
  }

  /** tcflush(TCIFLUSH). */
  clearInput(): void {
    this.#buffer.clear()
    this.#isLiteral = false
  }

  showEchoes(): void {
    if (!this.flow.isStopped) this.#echo.flush()
  }

  get hasLines(): boolean {
    return (this.#modes.local & (ICANON | EXTPROC)) === ICANON
  }

  /** Bytes pass unchanged and unexamined. */
  get #isRaw(): boolean {
    const {input, local} = this.#modes
    const looked = ISTRIP | IUCLC | IGNCR | ICRNL | INLCR | IXON | PARMRK
    return (input & looked) === 0 && (local & (ICANON | ISIG)) === 0 && !this.#echo.isOn
  }

  #receive(typed: number): void {
    const {input, local} = this.#modes
    let byte = input & ISTRIP ? typed & 0x7f : typed
    if (input & IUCLC && local & IEXTEN) byte = toLower(byte)
    if (this.#isLiteral) {
      this.#isLiteral = false
      this.#keep(byte)
    } else if (local & EXTPROC) this.#buffer.put(byte)
    else if (this.#controlsFlow(byte) || this.#signals(byte)) return
    else this.#receiveOrdinary(byte)
  }

  #receiveOrdinary(typed: number): void {
    const {input} = this.#modes
    if (this.flow.isStopped && input & IXON && input & IXANY) {
      this.flow.start()
      this.showEchoes()
    }
    let byte = typed
    let isTranslated = false
    if (byte === RETURN && input & (IGNCR | ICRNL)) {
      if (input & IGNCR) return
      byte = NEWLINE
      isTranslated = true
    } else if (byte === NEWLINE && input & INLCR) {
      byte = RETURN
      isTranslated = true
    }
    if (this.hasLines && (this.#edits(byte) || this.#endsLine(byte))) return
    // Only a newline that was examined is shown as one.
    if (isTranslated && byte === NEWLINE && this.#echo.isOn) {
      this.#echo.endErasing()
      this.#echo.raw(NEWLINE)
      this.#store(byte)
    } else this.#keep(byte)
  }

  #controlsFlow(byte: number): boolean {
    const {input, characters} = this.#modes
    if (!(input & IXON) || byte === DISABLED) return false
    if (byte === characters[VSTART]) {
      this.flow.start()
      this.showEchoes()
    } else if (byte === characters[VSTOP]) this.flow.stop()
    else return false
    return true
  }

  #signals(byte: number): boolean {
    const {local, input, characters} = this.#modes
    if (!(local & ISIG) || byte === DISABLED) return false
    const signal = [SIGINT, SIGQUIT, SIGTSTP][
      [VINTR, VQUIT, VSUSP].findIndex((key) => characters[key] === byte)
    ]
    if (signal === undefined) return false
    this.#owner.signalForeground(signal)
    if (!(local & NOFLSH)) {
      this.#echo.clear()
      this.clearInput()
      this.#owner.flushed()
    }
    if (input & IXON) this.flow.start()
    if (this.#echo.isOn) this.#echo.byte(byte)
    return true
  }

  #edits(byte: number): boolean {
    const {local, characters} = this.#modes
    if (byte === DISABLED) return false
    const isExtended = (local & IEXTEN) !== 0
    if (byte === characters[VERASE]) this.#editor.eraseCharacter()
    else if (byte === characters[VKILL]) this.#editor.eraseLine()
    else if (byte === characters[VWERASE] && isExtended) this.#editor.eraseWord()
    else if (byte === characters[VLNEXT] && isExtended) this.#takeNextLiterally()
    else if (byte === characters[VREPRINT] && isExtended && this.#echo.isOn) this.#editor.reprint(byte)
    else return false
    return true
  }

  #takeNextLiterally(): void {
    this.#isLiteral = true
    if (!this.#echo.isOn) return
    this.#echo.endErasing()
    if (!(this.#modes.local & ECHOCTL)) return
    this.#echo.raw(CARET)
    this.#echo.raw(BACKSPACE)
  }

  #endsLine(byte: number): boolean {
    const {local, characters} = this.#modes
    if (byte === NEWLINE) {
      if (this.#echo.isOn || local & ECHONL) this.#echo.raw(NEWLINE)
      this.#buffer.endLine(byte)
      return true
    }
    if (byte === DISABLED) return false
    if (byte === characters[VEOF]) {
      this.#buffer.endFile()
      return true
    }
    if (byte !== characters[VEOL] && !(byte === characters[VEOL2] && local & IEXTEN)) return false
    this.#show(byte)
    this.#buffer.endLine(byte)
    return true
  }

  /** An ordinary byte: shown, and kept. */
  #keep(byte: number): void {
    if (this.#echo.isOn) this.#echo.endErasing()
    this.#show(byte)
    this.#store(byte)
  }

  #show(byte: number): void {
    if (!this.#echo.isOn) return
    if (this.#buffer.editedBytes === 0) this.#echo.lineBegins()
    this.#echo.byte(byte)
    if (this.#echo.isDue) this.showEchoes()
  }

  #store(byte: number): void {
    if (byte === MARKED && this.#modes.input & PARMRK) this.#buffer.put(byte)
    this.#buffer.put(byte)
  }
}
