// Packets: a master's packet mode (TIOCPKT): each read begins with a byte that says what the slave did. man 2 ioctl_tty.

import {EXTPROC, IXON, VSTART, VSTOP} from '../../abi/termios.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Modes} from './modes.ts'

const FLUSHREAD = 1
const FLUSHWRITE = 2
const STOP = 4
const START = 8
const NOSTOP = 16
const DOSTOP = 32
const IOCTL = 64
const CONTROL_Q = 17
const CONTROL_S = 19

export class Packets {
  readonly #waiters: WaitQueue
  #isOn = false
  #status = 0

  /** @param waiters the master's, woken when there is something to report */
  constructor(waiters: WaitQueue) {
    this.#waiters = waiters
  }

  get isOn(): boolean {
    return this.#isOn
  }

  set isOn(isOn: boolean) {
    if (isOn && !this.#isOn) this.#status = 0
    this.#isOn = isOn
  }

  get hasStatus(): boolean {
    return this.#isOn && this.#status !== 0
  }

  takeStatus(): number {
    const status = this.#status
    this.#status = 0
    return status
  }

  flushedRead(): void {
    this.#tell(FLUSHREAD, 0)
  }

  flushedWrite(): void {
    this.#tell(FLUSHWRITE, 0)
  }

  flowChanged(isStopped: boolean): void {
    if (isStopped) this.#tell(STOP, START)
    else this.#tell(START, STOP)
  }

  modesChanged(before: Modes, after: Modes): void {
    const flows = usesControlKeys(after)
    if (flows !== usesControlKeys(before)) this.#tell(flows ? DOSTOP : NOSTOP, flows ? NOSTOP : DOSTOP)
    if ((before.local | after.local) & EXTPROC) this.#tell(IOCTL, 0)
  }

  #tell(status: number, instead: number): void {
    if (!this.#isOn) return
    this.#status = (this.#status & ~instead) | status
    this.#waiters.wakeAll()
  }
}

/** Whether ^S and ^Q, and no other keys, stop and start the output. */
function usesControlKeys({input, characters}: Modes): boolean {
  return (input & IXON) !== 0 && characters[VSTOP] === CONTROL_S && characters[VSTART] === CONTROL_Q
}
