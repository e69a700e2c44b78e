// IncomingOutput: the output of one run that comes from a process, no more of it than was asked for: the process may say too much.

import {nonsense} from '../../protocol/frames.ts'
import {type RunOutcome, type RunRequest, WINDOW_BYTES} from '../../protocol/messages.ts'
import {KeptBytes} from './kept-bytes.ts'
import {OutputPipe} from './output-pipe.ts'

/** Of a live run's output: its window, and what its pipe still holds at the end, 1 MiB at most. */
const LIVE_BYTES = 2 * WINDOW_BYTES

type Take = (fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>) => void

export class IncomingOutput {
  /** Its output is passed on at once. */
  readonly isLive: boolean
  readonly #kept: Record<1 | 2, KeptBytes> = {1: new KeptBytes(), 2: new KeptBytes()}
  /** How much more may come, for each descriptor. */
  readonly #room: Record<1 | 2, number>

  /** Of a live run. undefined if it has a terminal, or if there were no descriptors for them: then output comes in messages. */
  readonly #pipes: Record<1 | 2, OutputPipe> | undefined

  /** @param take receives what pipes bring */
  constructor({live, terminal, maxOutputBytes}: Omit<RunRequest, 'stdin'>, take: Take) {
    this.isLive = live === 'all'
    this.#pipes = this.isLive && terminal === undefined ? OutputPipe.open(take) : undefined
    const room = this.isLive ? LIVE_BYTES : maxOutputBytes
    this.#room = {1: room, 2: room}
  }

  get hasPipes(): boolean {
    return this.#pipes !== undefined
  }

  /** For the process: none, or two. */
  get writers(): number[] {
    return Object.values(this.#pipes ?? {}).map(({writer}) => writer)
  }

  /** The process has the writers, or will never have them. */
  passed(): void {
    for (const pipe of Object.values(this.#pipes ?? {})) pipe.passed()
  }

  /** The owner has taken so much. @returns whether the process need not be told */
  addRoom(fd: 1 | 2, bytes: number): boolean {
    if (this.#pipes === undefined) this.#room[fd] += bytes
    else this.#pipes[fd].addRoom(bytes)
    return this.#pipes !== undefined
  }

  /** The owner takes no more. @returns whether the process notices that by itself */
  shut(fd: 1 | 2): boolean {
    this.#pipes?.[fd].shut()
    return this.#pipes !== undefined
  }

  /** All that was kept, once everything written has come. @returns undefined: it does not end */
  async end(): Promise<Pick<RunOutcome, 'stdout' | 'stderr'> | undefined> {
    if (!(await this.drain())) return undefined
    return {stdout: await this.#kept[1].take(), stderr: await this.#kept[2].take()}
  }

  /** Waits until everything written to pipes has come. @returns false: it does not end */
  async drain(): Promise<boolean> {
    const ends = await Promise.all(Object.values(this.#pipes ?? {}).map((pipe) => pipe.drain()))
    return !ends.includes(false)
  }

  /** Keeps the bytes, unless the run is live. @throws HvError SANDBOX_FAILED: they are more than may come */
  take(fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0 || bytes.length > this.#room[fd]) throw nonsense()
    this.#room[fd] -= bytes.length
    if (!this.isLive) this.#kept[fd].append(bytes)
  }
}
