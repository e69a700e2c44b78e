// FlowControl: whether a terminal's output is stopped: by the user's keys (IXON), or by the program (tcflow).

export class FlowControl {
  readonly #changed: (isStopped: boolean) => void
  #isStopped = false
  #isStoppedByProgram = false

  constructor(changed: (isStopped: boolean) => void) {
    this.#changed = changed
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stop(): void {
    this.#set(true)
  }

  /** Keys do not undo what the program did. */
  start(): void {
    if (!this.#isStoppedByProgram) this.#set(false)
  }

  /** tcflow(TCOOFF). */
  stopByProgram(): void {
    this.#isStoppedByProgram = true
    this.#set(true)
  }

  /** tcflow(TCOON). */
  startByProgram(): void {
    if (!this.#isStoppedByProgram) return
    this.#isStoppedByProgram = false
    this.#set(false)
  }

  #set(isStopped: boolean): void {
    if (this.#isStopped === isStopped) return
    this.#isStopped = isStopped
    this.#changed(isStopped)
  }
}
