// IncomingOutput: what comes of one run's output from a process, which may say too much: no more of it than it was asked for.

import {nonsense} from './frames.ts'
import {KeptBytes} from './kept-bytes.ts'
import {OutputPipe} from './output-pipe.ts'
import {type Finished, type RunRequest, WINDOW_BYTES} from './protocol.ts'

/** Of a live run's output: its window, and at the end what its pipe still has, 1 MiB at most. */
const LIVE_BYTES = 2 * WINDOW_BYTES

type Take = (fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>) => void

export class IncomingOutput {
  /** It goes on at once. */
  readonly isLive: boolean
  readonly #kept: Record<1 | 2, KeptBytes> = {1: new KeptBytes(), 2: new KeptBytes()}
  /** How much more may come, for each descriptor. */
  readonly #room: Record<1 | 2, number>

  /** Of a live run, unless it has a terminal, or there were no descriptors for them: then it comes in messages. */
  readonly #pipes: Record<1 | 2, OutputPipe> | undefined

  /** @param take what pipes bring */
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

  /** The owner takes no more. @returns whether the process hears of that by itself */
  shut(fd: 1 | 2): boolean {
    this.#pipes?.[fd].shut()
    return this.#pipes !== undefined
  }

  /** All that was kept, when all that was written has come. @returns undefined: that does not end */
  async end(): Promise<Pick<Finished, 'stdout' | 'stderr'> | undefined> {
    if (!(await this.drain())) return undefined
    return {stdout: await this.#kept[1].take(), stderr: await this.#kept[2].take()}
  }

  /** When all that was written to pipes has come. @returns false: that does not end */
  async drain(): Promise<boolean> {
    const ends = await Promise.all(Object.values(this.#pipes ?? {}).map((pipe) => pipe.drain()))
    return !ends.includes(false)
  }

  /** Keeps it, unless it is live. @throws HvError SANDBOX_FAILED: it is more than may come */
  take(fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0 || bytes.length > this.#room[fd]) throw nonsense()
    this.#room[fd] -= bytes.length
    if (!this.isLive) this.#kept[fd].append(bytes)
  }
}
