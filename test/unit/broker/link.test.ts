// SocketLink: a sentry never waits for its broker, whatever that reads.

import {readSync} from 'node:fs'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {SocketLink} from '../../../src/broker/link.ts'

/** More than a socket has room for. */
const MANY = 20_000

test('what a broker does not read waits, and comes whole and in order', () => {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  using link = new SocketLink(questions, answers)
  for (let id = 1; id <= MANY; id++) link.ask({kind: 'closed', id})
  expect(link.unsent).toBeGreaterThan(0)
  expect(link.unsent).toBeLessThan(MANY)
  const bytes = Buffer.alloc(1 << 20)
  let text = ''
  while (text.split('\n').length <= MANY) {
    text += bytes.toString('latin1', 0, readSync(itsQuestions, bytes))
    link.flush()
  }
  expect(link.unsent).toBe(0)
  const ids = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).id)
  expect(ids).toEqual(Array.from({length: MANY}, (_, index) => index + 1))
  for (const fd of [itsQuestions, itsAnswers]) addon.hostClose(fd)
})

test('a broker that is gone is asked without an error', () => {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  using link = new SocketLink(questions, answers)
  for (const fd of [itsQuestions, itsAnswers]) addon.hostClose(fd)
  for (let id = 1; id <= 3; id++) link.ask({kind: 'closed', id})
  expect(link.unsent).toBe(0)
  expect(link.take()).toBe('gone')
})
