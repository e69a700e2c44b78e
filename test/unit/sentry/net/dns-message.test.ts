// DNS messages from a guest, which may be anything.

import {expect, test} from 'vitest'
import {
  BADVERS,
  encodeAnswer,
  NOERROR,
  NXDOMAIN,
  parseQuestion,
} from '../../../../src/sentry/net/inet/dns-message.ts'

const HEADER = '\x12\x34\x01\0\0\x01\0\0\0\0\0\0'
const WITH_EDNS = '\x12\x34\x01\0\0\x01\0\0\0\0\0\x01'
const NAME = '\x01a\x02bc\0'
const A_IN = '\0\x01\0\x01'
const OPT = '\0\0\x29\x10\0\0\0\0\0\0\0'
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const RECORD = {ttl: 60, data: Buffer.of(1, 2, 3, 4).toString('base64')}

test('a question has a name and a type, and is repeated by its answer', () => {
  const question = parseQuestion(bytesOf(HEADER + NAME + A_IN))!
  expect(question).toMatchObject({name: 'a.bc', type: 'A', mostBytes: 512, hasEdns: false})
  expect(textOf(encodeAnswer(question, NOERROR, [RECORD]))).toBe(
    `\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0${NAME}${A_IN}\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x01\x02\x03\x04`,
  )
  expect(encodeAnswer(question, NXDOMAIN, [])[3] & 15).toBe(NXDOMAIN)
})

test('an answer that is too long says so, and a longer one may be asked for', () => {
  const many = Array(40).fill(RECORD)
  const short = encodeAnswer(parseQuestion(bytesOf(HEADER + NAME + A_IN))!, NOERROR, many)
  expect([short[2] & 2, short[7]]).toEqual([2, 0])
  const long = encodeAnswer(parseQuestion(bytesOf(WITH_EDNS + NAME + A_IN + OPT))!, NOERROR, many)
  expect([long[2] & 2, long[7], long[11]]).toEqual([0, 40, 1])
})

test('another version of EDNS is answered as such', () => {
  const question = parseQuestion(bytesOf(WITH_EDNS + NAME + A_IN + OPT.replace(/^(.{6})\0/s, '$1\x01')))!
  expect(question.hasOtherEdns).toBe(true)
  const answer = encodeAnswer(question, BADVERS, [])
  expect([answer[3] & 15, answer.at(-6)]).toEqual([0, 1])
})

test.each([
  ['nothing', ''],
  ['half a header', HEADER.slice(0, 6)],
  ['an answer', `\x12\x34\x81${HEADER.slice(3)}${NAME}${A_IN}`],
  ['two questions', `\x12\x34\x01\0\0\x02\0\0\0\0\0\0${NAME}${A_IN}`],
  ['a name without an end', `${HEADER}\x01a`],
  ['a label beyond the end', `${HEADER}\x3fa`],
  ['a pointer to itself', `${HEADER}\xc0\x0c${A_IN}`],
  ['a name that is too long', `${HEADER}${`\x3f${'a'.repeat(63)}`.repeat(4)}\0${A_IN}`],
  ['no type', `${HEADER}${NAME}\0`],
  ['another class', `${HEADER}${NAME}\0\x01\0\x03`],
])('%s is no question', (_, text) => {
  expect(parseQuestion(bytesOf(text))).toBeUndefined()
})
