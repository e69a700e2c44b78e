// SocketLink: a sentry's end of a broker: two sockets, of which the jail lets it use both and make neither.

import {writeSync} from 'node:fs'
import {addon} from '../addon.ts'
import {type BrokerLink, toAnswer} from './protocol.ts'

export class SocketLink implements BrokerLink {
  readonly fd: number
  readonly #questions: number

  /** @param questions, answers descriptors, which are its own from here on */
  constructor(questions: number, answers: number) {
    this.fd = answers
    this.#questions = questions
  }

  /** A broker that is gone is heard of by `take`. */
  ask(question: Parameters<BrokerLink['ask']>[0]): void {
    try {
      writeSync(this.#questions, `${JSON.stringify(question)}\n`)
    } catch {
      // `take` says that it is gone.
    }
  }

  take(): ReturnType<BrokerLink['take']> {
    const message = addon.receiveMessage(this.fd)
    if (message === undefined) return undefined
    const [text, fd] = message
    const answer = toAnswer(text)
    if (answer !== undefined) return {answer, fd}
    if (fd >= 0) addon.hostClose(fd)
    return text === '' ? 'gone' : 'wrong'
  }

  [Symbol.dispose](): void {
    addon.hostClose(this.fd)
    addon.hostClose(this.#questions)
  }
}
