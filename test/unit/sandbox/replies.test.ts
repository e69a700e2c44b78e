// Replies: what a sandbox's process may say, and that anything else is refused.

import {expect, test} from 'vitest'
import {checkedReply} from '../../../src/sandbox/replies.ts'

const RESULT = {exitCode: 0, signal: null, timedOut: false, stats: {syscalls: 1}}
const QUESTION = {id: 1, name: 'openat', pid: 2, args: ['18446744073709551615'], paths: [null, '/etc']}

const ENTRY = {name: 'grüße', kind: 'file', size: 1, mode: 0o644, uid: 0, gid: 0, modifiedMs: 1.5}

test.each([
  {
    kind: 'ready',
    platform: {name: 'kvm', reason: 'asked for', costs: {trapNs: 1, listenedNs: null}},
    jail: [{name: 'mnt', status: 'refused', errno: 'EPERM'}],
  },
  {kind: 'finished', finished: {result: RESULT, outputTruncated: false}},
  {kind: 'failed', error: {message: 'no', nextStep: ''}},
  {kind: 'traced'},
  {kind: 'events', events: [{type: 'exit', pid: 2, time: 1.5, code: 0}]},
  {kind: 'asks', run: 1, question: QUESTION},
  {kind: 'output', fd: 2},
  {kind: 'filed', id: 3, answer: {isEnd: true, entries: [ENTRY]}},
  {kind: 'filed', id: 3, errno: 2},
])('$kind is taken', (reply) => {
  expect(checkedReply(JSON.parse(JSON.stringify(reply)))).toEqual(reply)
})

test.each([
  null,
  [],
  'ready',
  {},
  {kind: 'constructor'},
  {kind: 'ready', platform: {name: 'other', reason: '', costs: {}}, jail: []},
  {kind: 'ready', platform: {name: 'kvm', reason: '', costs: {}}, jail: [{name: 'moat', status: 'on'}]},
  {kind: 'finished'},
  {kind: 'finished', finished: {result: {...RESULT, exitCode: '0'}, outputTruncated: false}},
  {kind: 'finished', finished: {result: {...RESULT, stats: {syscalls: {}}}, outputTruncated: false}},
  {kind: 'failed', error: 'no'},
  {kind: 'events', events: {length: 1}},
  {kind: 'events', events: [{type: 'exit', pid: 0.5, time: 1}]},
  {kind: 'asks', run: 1, question: {...QUESTION, args: ['0x10']}},
  {kind: 'asks', run: 1, question: {...QUESTION, args: ['9'.repeat(100_000)]}},
  {kind: 'output', fd: 3},
  {kind: 'filed', id: 3, errno: 0},
  {kind: 'filed', id: 3, answer: {isEnd: 1}},
  ...['..', '.', 'a/b', 'a\0', 'x'.repeat(256)].map((name) => ({
    kind: 'filed',
    id: 3,
    answer: {isEnd: true, entry: {...ENTRY, name}},
  })),
  {kind: 'filed', id: 3, answer: {isEnd: true, entry: {...ENTRY, kind: 'other'}}},
  {kind: 'filed', id: 3, answer: {isEnd: true, entries: Array(501).fill(ENTRY)}},
])('%j is refused', (reply) => {
  expect(() => checkedReply(reply)).toThrow('makes no sense')
})
