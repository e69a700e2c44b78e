// serveQuestions: reads a sentry's questions from a stream, and sends the broker's answers as messages, with descriptors.

import {Socket} from 'node:net'
import {EAGAIN} from '../abi/errno.ts'
import type {BrokerAddon} from './addon.ts'
import type {AnswerWithFd, Broker} from './broker.ts'
import {Outbox} from './outbox.ts'
import {
  type Arrival,
  type ArrivalNotice,
  MOST_QUESTION_BYTES,
  MOST_QUESTIONS,
  type NetQuestion,
  toQuestion,
} from './protocol.ts'
import type {PublishedPorts} from './published-ports.ts'

/** What it needs of the addon. */
export interface AnswerAddon extends Pick<BrokerAddon, 'sendMessage'> {
  hostClose(fd: number): number
}

/**
 * Until the sentry is gone, or asks what no sentry asks.
 * @param questions, answers descriptors, which are its own from here on
 * @param onEnd called once
 * @param published closed at the end
 */
export function serveQuestions(
  broker: Broker,
  {questions, answers}: {questions: number; answers: number},
  addon: AnswerAddon,
  onEnd: () => void,
  published?: PublishedPorts,
): Socket {
  const stream = new Socket({fd: questions, readable: true, writable: false})
  let unread = ''
  let waiting = 0
  const outbox = new Outbox(answers, addon, () => stream.destroy())
  /** A connection or datagram for which there is no room is lost. */
  const arrive = (arrival: Arrival, fd: number): boolean =>
    !stream.destroyed && outbox.send(JSON.stringify(arrival), fd)
  const send = ({answer, fd}: AnswerWithFd): void => {
    const {id, isHeld} = answer
    const isSent = !stream.destroyed && outbox.send(JSON.stringify(answer), fd)
    if (fd >= 0 && !isHeld) addon.hostClose(fd)
    if (isSent || stream.destroyed) return
    if (isHeld) broker.answer({kind: 'closed', id})
    outbox.sendLater(JSON.stringify(fd < 0 ? answer : {id, errno: EAGAIN}))
  }
  const answer = (line: string): void => {
    const question = line.length > MOST_QUESTION_BYTES ? undefined : toQuestion(line)
    if (question === undefined || waiting >= MOST_QUESTIONS) {
      stream.destroy()
      return
    }
    if (isNotice(question)) {
      published?.hear(question)
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
    // However much a sentry asks, the rest of this process has its turns.
    stream.pause()
    setImmediate(() => stream.resume())
  })
  stream.on('error', () => {})
  stream.once('close', () => {
    broker.end()
    published?.close()
    outbox.close()
    addon.hostClose(answers)
    onEnd()
  })
  published?.begin(arrive)
  return stream
}

function isNotice(question: NetQuestion | ArrivalNotice): question is ArrivalNotice {
  return question.kind === 'taken' || question.kind === 'released'
}
