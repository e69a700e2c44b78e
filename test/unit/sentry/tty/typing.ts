// A line discipline for unit tests: what is typed, printed, shown and read, as byte strings.

import {ByteQueue} from '../../../../src/sentry/tty/byte-queue.ts'
import {LineDiscipline} from '../../../../src/sentry/tty/line-discipline.ts'
import {INITIAL_MODES, type Modes} from '../../../../src/sentry/tty/modes.ts'

export class Typing {
  readonly signals: number[] = []
  readonly flow: boolean[] = []
  flushes = 0
  readonly queue: ByteQueue
  readonly line: LineDiscipline

  constructor(room = 4096) {
    this.queue = new ByteQueue(room)
    const owner = {
      signalForeground: (signal: number) => void this.signals.push(signal),
      flowChanged: (isStopped: boolean) => void this.flow.push(isStopped),
      flushed: () => void this.flushes++,
    }
    this.line = new LineDiscipline(owner, this.queue, INITIAL_MODES)
  }

  /** @returns how many bytes were taken */
  type(text: string): number {
    return this.line.receive(bytesOf(text))
  }

  print(text: string): number {
    return this.line.write(bytesOf(text))
  }

  /** What has appeared on the screen since the last call. */
  shown(): string {
    const target = new Uint8Array(this.queue.length)
    this.queue.take(target)
    this.line.showEchoes()
    return textOf(target)
  }

  read(room = 4096): string {
    const target = new Uint8Array(room)
    return textOf(target.subarray(0, this.line.read(target)))
  }

  /** Sets the initial modes, with these changes. */
  set(changes: Partial<Modes>, characters: Record<number, number> = {}): void {
    const all = INITIAL_MODES.characters.slice()
    for (const [index, character] of Object.entries(characters)) all[Number(index)] = character
    this.line.setModes({...INITIAL_MODES, characters: all, ...changes})
  }
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
