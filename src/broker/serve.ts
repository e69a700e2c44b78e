// serveQuestions: reads a sentry's questions from a stream, and sends the broker's answers as messages, with descriptors.

import {Socket} from 'node:net'
import type {BrokerAddon} from './addon.ts'
import type {AnswerWithFd, Broker} from './broker.ts'
import {MOST_QUESTION_BYTES, MOST_QUESTIONS, toQuestion} from './protocol.ts'

/** What it needs of the addon. */
export interface AnswerAddon extends Pick<BrokerAddon, 'sendMessage'> {
  hostClose(fd: number): number
}

/**
 * Until the sentry is gone, or asks what no sentry asks.
 * @param questions, answers descriptors, which are its own from here on
 * @param onEnd called once
 */
export function serveQuestions(
  broker: Broker,
  {questions, answers}: {questions: number; answers: number},
  addon: AnswerAddon,
  onEnd: () => void,
): Socket {
  const stream = new Socket({fd: questions, readable: true, writable: false})
  let unread = ''
  let waiting = 0
  const send = ({answer, fd}: AnswerWithFd): void => {
    try {
      if (!stream.destroyed) addon.sendMessage(answers, JSON.stringify(answer), fd)
    } catch {
      // The sentry is gone, or takes no answers.
      stream.destroy()
    } finally {
      if (fd >= 0 && !answer.isHeld) addon.hostClose(fd)
    }
  }
  const answer = (line: string): void => {
    const question = line.length > MOST_QUESTION_BYTES ? undefined : toQuestion(line)
    if (question === undefined || waiting >= MOST_QUESTIONS) {
      stream.destroy()
      return
    }
    const answered = broker.answer(question)
    if (!(answered instanceof Promise)) {
      if (answered !== undefined) send(answered)
      return
    }
    waiting++
    void answered.then((later) => {
      waiting--
      send(later)
    })
  }
  stream.setEncoding('latin1')
  stream.on('data', (text: string) => {
    const lines = (unread + text).split('\n')
    unread = lines.pop()!
    for (const line of lines) if (!stream.destroyed) answer(line)
    if (unread.length > MOST_QUESTION_BYTES) stream.destroy()
  })
  stream.on('error', () => {})
  stream.once('close', () => {
    broker.end()
    addon.hostClose(answers)
    onEnd()
  })
  return stream
}
