// SocketLink: a sentry's end of a broker: two sockets, of which the jail lets it use both and make neither.

import {writeSync} from 'node:fs'
import {EAGAIN} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {type BrokerLink, toAnswer} from './protocol.ts'

export class SocketLink implements BrokerLink {
  readonly fd: number
  readonly questionsFd: number
  /** For which the broker has no room yet. */
  readonly #unsent: Buffer[] = []

  /** @param questions, answers descriptors, which are its own from here on; the first does not block */
  constructor(questions: number, answers: number) {
    this.fd = answers
    this.questionsFd = questions
  }

  get unsent(): number {
    return this.#unsent.length
  }

  ask(question: Parameters<BrokerLink['ask']>[0]): void {
    this.#unsent.push(Buffer.from(`${JSON.stringify(question)}\n`))
    if (this.#unsent.length === 1) this.flush()
  }

  flush(): void {
    let sent = 0
    for (; sent < this.#unsent.length; sent++) {
      const line = this.#unsent[sent]
      const count = this.#write(line)
      if (count === line.length) continue
      this.#unsent[sent] = line.subarray(count)
      break
    }
    this.#unsent.splice(0, sent)
  }

  /** @returns how many bytes there was room for; all, if the broker is gone: of that one hears by `take` */
  #write(line: Uint8Array): number {
    try {
      return writeSync(this.questionsFd, line)
    } catch (error) {
      return (error as {errno?: number}).errno === -EAGAIN ? 0 : line.length
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
    addon.hostClose(this.questionsFd)
  }
}
