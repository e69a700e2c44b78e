// Outbox: messages to a sentry. Those for which its socket has no room wait here: a sentry that is busy takes them later.

import {EAGAIN, ENOBUFS, ETOOMANYREFS} from '../abi/errno.ts'
import type {BrokerAddon} from './addon.ts'
import {MOST_QUESTIONS} from './protocol.ts'

/** How often it looks whether there is room again. */
const RETRY_MS = 5

export class Outbox {
  readonly #end: number
  readonly #addon: Pick<BrokerAddon, 'sendMessage'>
  /** The sentry is gone, or lets more wait than it can have asked for. */
  readonly #giveUp: () => void
  readonly #waiting: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param end its owner closes it, after `close` */
  constructor(end: number, addon: Pick<BrokerAddon, 'sendMessage'>, giveUp: () => void) {
    this.#end = end
    this.#addon = addon
    this.#giveUp = giveUp
  }

  /** @param fd goes with it, or -1 @returns whether there was room */
  send(text: string, fd: number): boolean {
    try {
      this.#addon.sendMessage(this.#end, text, fd)
      return true
    } catch (error) {
      const {errno = 0} = error as {errno?: number}
      if (![EAGAIN, ENOBUFS, ETOOMANYREFS].includes(errno)) this.#giveUp()
      return false
    }
  }

  /** As soon as there is room. No descriptor waits: its number could be another file's by then. */
  sendLater(text: string): void {
    if (this.#waiting.push(text) > MOST_QUESTIONS) this.#giveUp()
    else this.#retryLater()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
  }

  #retry(): void {
    this.#timer = undefined
    while (this.#waiting.length > 0 && this.send(this.#waiting[0], -1)) this.#waiting.shift()
    if (this.#waiting.length > 0) this.#retryLater()
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref()
  }
}
