// VirtioBalloon: memory that the guest gives back to the host: what it reports as free, and what its balloon takes (virtio 1.2, 5.5).

import {HvError} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {type BalloonStatistics, piecesOfPages, piecesOfReport, readStatistics} from './balloon-chains.ts'

const F_STATS_VQ = 1n << 1n
const F_DEFLATE_ON_OOM = 1n << 2n
const F_REPORTING = 1n << 5n

/** Of the balloon, whatever the guest's pages are. */
const PAGE_BYTES = 4096
const [NUM_PAGES, ACTUAL] = [0, 4]
const MOST_PAGES = 2 ** 32 - 1
const [INFLATE, DEFLATE, STATISTICS] = [0, 1, 2]
/** How long a guest may take for its statistics. */
const ANSWER_MS = 500

const page = takes.integer(0, MOST_PAGES)
const savedState = takes.options({target: page, actual: page})

/** A chain, of which a piece is given back at each step. */
interface Work {
  readonly chain: Chain
  readonly pieces: Iterator<readonly Uint8Array[]>
}

interface Question {
  readonly answer: Promise<BalloonStatistics | undefined>
  resolve(statistics: BalloonStatistics | undefined): void
}

export class VirtioBalloon implements DeviceModel {
  readonly name = 'the balloon'
  readonly id = 5
  readonly features = F_STATS_VQ | F_DEFLATE_ON_OOM | F_REPORTING
  /**
   * Inflate, deflate, statistics, hints, reports. Linux numbers the queues that it uses one after another, and the standard does not: the
   * last two are for reports.
   */
  readonly queueSizes = [256, 256, 16, 256, 256]
  /** A guest with pages of 64 KiB reports blocks of 512 MiB, 32 at a time. */
  readonly maxChainBytes = 2 ** 40
  readonly config = new Uint8Array(16)
  /** Bytes that the guest has given back since the start, by its reports and by its balloon. */
  readonly counts = {reportedBytes: 0, inflatedBytes: 0}
  readonly #words = new DataView(this.config.buffer)
  #transport!: Transport
  #hasStatistics = false
  #work: (Work | undefined)[] = []
  /** The driver's buffer for statistics: it is given back when new ones are wanted. */
  #held: Chain | undefined
  #question: Question | undefined

  attach(transport: Transport): void {
    this.#transport = transport
  }

  start(features: bigint): void {
    this.#hasStatistics = (features & F_STATS_VQ) !== 0n
  }

  stop(): void {
    this.#work = []
    this.#held = undefined
    this.#hasStatistics = false
    this.#words.setUint32(ACTUAL, 0, true)
    this.#answer(undefined)
  }

  /** What the guest is to give, in bytes: of whole pages of 4 KiB. */
  get targetBytes(): number {
    return this.#words.getUint32(NUM_PAGES, true) * PAGE_BYTES
  }

  set targetBytes(bytes: number) {
    this.#words.setUint32(NUM_PAGES, Math.min(Math.floor(bytes / PAGE_BYTES), MOST_PAGES), true)
    this.#transport.configChanged()
  }

  /** What the guest says that it has given. */
  get actualBytes(): number {
    return this.#words.getUint32(ACTUAL, true) * PAGE_BYTES
  }

  /** What the guest says of its memory; undefined: it says nothing. */
  async statistics(): Promise<BalloonStatistics | undefined> {
    if (!this.#hasStatistics) return undefined
    this.#question ??= this.#ask()
    return this.#question.answer
  }

  #ask(): Question {
    let resolve: Question['resolve'] = () => {}
    const answer = new Promise<BalloonStatistics | undefined>((settle) => (resolve = settle))
    const timer = setTimeout(() => this.#answer(undefined), ANSWER_MS).unref()
    // Without it, the driver is about to give one with new ones.
    this.#held?.complete(0)
    this.#held = undefined
    return {
      answer,
      resolve: (statistics) => {
        clearTimeout(timer)
        resolve(statistics)
      },
    }
  }

  writeConfig(offset: number, value: number): void {
    if (offset === ACTUAL) this.#words.setUint32(ACTUAL, value, true)
  }

  save(): object {
    return {target: this.targetBytes / PAGE_BYTES, actual: this.actualBytes / PAGE_BYTES}
  }

  restore(state: unknown): void {
    const {target, actual} = takes.checked(savedState, state, this.name)
    this.#words.setUint32(NUM_PAGES, target, true)
    this.#words.setUint32(ACTUAL, actual, true)
  }

  serve(queue: Queue, index: number): number | undefined {
    if (index === STATISTICS && this.#hasStatistics) return this.#takeStatistics(queue)
    this.#work[index] ??= this.#begin(queue, index)
    const work = this.#work[index]
    if (work === undefined) return undefined
    try {
      const {value: views, done} = work.pieces.next()
      if (!done) return this.#giveBack(views, index)
    } catch (error) {
      if (!(error instanceof HvError)) throw error
      this.#transport.fail(`the balloon: ${error.message}`)
      return undefined
    }
    this.#work[index] = undefined
    work.chain.complete(0)
    return PAGE_BYTES
  }

  #begin(queue: Queue, index: number): Work | undefined {
    const chain = queue.next()
    if (chain === undefined) return undefined
    // What leaves the balloon is backed again when it is touched.
    if (index === DEFLATE) return {chain, pieces: [][Symbol.iterator]()}
    const pieces = index === INFLATE ? piecesOfPages(chain, this.#transport.memory) : piecesOfReport(chain)
    return {chain, pieces}
  }

  #giveBack(views: readonly Uint8Array[], index: number): number {
    const name = index === INFLATE ? 'inflatedBytes' : 'reportedBytes'
    for (const view of views) this.counts[name] += this.#transport.memory.discard?.(view) ?? 0
    return views.reduce((sum, {length}) => sum + length, 0)
  }

  #takeStatistics(queue: Queue): number | undefined {
    const chain = queue.next()
    if (chain === undefined) return undefined
    // A driver has one buffer.
    this.#held?.complete(0)
    this.#held = chain
    this.#answer(readStatistics(chain))
    return chain.readableBytes
  }

  #answer(statistics: BalloonStatistics | undefined): void {
    const question = this.#question
    this.#question = undefined
    question?.resolve(statistics)
  }
}
