// ProgressBar: one line on a terminal's standard error that shows how far something is, if it takes long.

import {writeSync} from 'node:fs'
import {attempt} from '../errors.ts'
import type {UnpackProgress} from '../launch/options.ts'

const STDERR = 2
const FIRST_MS = 300
const INTERVAL_MS = 100
const CELLS = 30
const CLEAR_LINE = '\r\x1b[K'

export class ProgressBar {
  #nextMs = nowMs() + FIRST_MS
  #isShown = false
  readonly #isTerminal: () => boolean
  readonly #write: (text: string) => void

  /** @param isTerminal is asked when there is something to show */
  constructor(isTerminal: () => boolean, write = writeToStderr) {
    this.#isTerminal = isTerminal
    this.#write = write
  }

  /** Shows an archive that is being unpacked. */
  readonly show = ({layer, layers, part}: UnpackProgress): void => {
    const now = nowMs()
    if (now < this.#nextMs) return
    this.#nextMs = now + INTERVAL_MS
    if (!this.#isTerminal()) return
    const filled = Math.min(CELLS, Math.round(part * CELLS))
    const bar = `${'='.repeat(filled)}${' '.repeat(CELLS - filled)}`
    const which = layers === 1 ? '' : ` layer ${layer} of ${layers}`
    this.#write(`${CLEAR_LINE}hv: unpacking${which} [${bar}] ${Math.min(100, Math.floor(part * 100))} %`)
    this.#isShown = true
  }

  /** Before anything else is written to the terminal. */
  readonly clear = (): void => {
    if (this.#isShown) this.#write(CLEAR_LINE)
    this.#isShown = false
  }
}

/** `performance` would load a module of Node's, at each start. */
const nowMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

/** The terminal may be gone, or not read now. */
function writeToStderr(text: string): void {
  attempt(() => writeSync(STDERR, text))
}
