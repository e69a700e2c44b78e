// Replies: what a sandbox's process may say, and that anything else is refused.

import {expect, test} from 'vitest'
import {checkedReply} from '../../../../src/sandbox/protocol/replies.ts'

const COSTS = {trapNs: 1, lookNs: 2, pageNs: 3}
const RESULT = {exitCode: 0, signal: null, timedOut: false, stats: {syscalls: 1}}
const DECODED = [
  {kind: 'number', value: 5, text: '5'},
  {kind: 'path', value: '/etc', resolved: '/etc', text: '"/etc"'},
  {kind: 'flags', value: ['O_RDWR', '0x40'], text: 'O_RDWR|0x40'},
  {kind: 'bytes', value: 'aGk=', length: 9000, text: '"hi"...'},
  {kind: 'address', value: {family: 'AF_INET', address: '1.2.3.4', port: 80}, text: ''},
  {kind: 'other', text: '0x7f00'},
]
/** The bytes among them. */
const HI = new Uint8Array([0x68, 0x69])
const QUESTION = {
  ...{
    id: 1,
    name: 'openat',
    pid: 2,
    programPid: 2,
    tid: 3,
    args: ['18446744073709551615'],
    paths: [null, '/etc'],
  },
  decoded: DECODED,
}
/** The question, with one decoded argument. */
const decoding = (argument: object) => ({kind: 'asks', run: 1, question: {...QUESTION, decoded: [argument]}})
const ending = (end: object) => ({kind: 'asks', run: 1, question: {...QUESTION, end}})

const STATS = {
  ...{programs: 1, processes: 2, tasks: 3, maxTasks: 4, memoryBytes: 5, maxMemoryBytes: 6, diskBytes: 7},
  ...{heldBytes: 8, maxHeldBytes: 9, cpuMs: 1.5, startedPrograms: 1, startedTasks: 3, syscalls: 9, faults: 9},
}
const PROCESS = {
  ...{pid: 2, parentPid: 1, programPid: 2, name: 'sh', command: 'sh -c true', state: 'S'},
  ...{threads: 1, uid: 0, memoryBytes: 4096, cpuMs: 0.5},
}
const CALL = {type: 'syscall', pid: 2, time: 1.5, name: 'read', args: ['3']}
const ENTRY = {name: 'grüße', kind: 'file', size: 1, mode: 0o644, uid: 0, gid: 0, modifiedMs: 1.5}

test.each([
  {
    kind: 'ready',
    platform: {name: 'kvm', reason: 'asked for', costs: COSTS},
    jail: [{name: 'mnt', status: 'refused', errno: 'EPERM'}],
  },
  {kind: 'finished', run: 1, finished: {pid: 2, result: RESULT, outputTruncated: false}},
  {kind: 'failed', run: 1, error: {code: 'NOT_FOUND', message: 'no', nextStep: ''}},
  {kind: 'failed', error: {message: 'no', nextStep: ''}},
  {kind: 'traced'},
  {kind: 'events', events: [{type: 'exit', pid: 2, time: 1.5, code: 0}]},
  {kind: 'events', events: [{...CALL, result: 3, note: 'flags FD_CLOEXEC', durationNs: 5}]},
  {kind: 'events', events: [{...CALL, error: 'EINTR', interrupted: 'ERESTARTSYS', unfinished: 'detached'}]},
  {kind: 'limit', run: 1, hit: {limit: 'oom', count: 2, pid: 7}},
  {kind: 'limit', run: 1, pid: 2, hit: {limit: 'tasks', count: 1}},
  {kind: 'output', run: 1, fd: 2},
  {kind: 'filed', id: 3, answer: {isEnd: true, entries: [ENTRY]}},
  {kind: 'filed', id: 3, errno: 2},
  {kind: 'used', stats: STATS},
  {kind: 'used', stats: {...STATS, maxDiskBytes: 4096}},
  {kind: 'used', processes: [PROCESS]},
])('$kind is taken', (reply) => {
  expect(checkedReply(JSON.parse(JSON.stringify(reply)))).toEqual(reply)
})

test.each([
  {kind: 'asks', run: 1, question: QUESTION},
  ending({result: 3}),
  ending({errno: 4, interrupted: true}),
  decoding({kind: 'path', text: '0x1'}),
  decoding({kind: 'bytes', length: 2 ** 60, text: ''}),
  decoding({kind: 'open_how', value: {flags: [], mode: 0, resolve: ['RESOLVE_BENEATH']}, text: ''}),
])('a question is taken: %j', (reply) => {
  const {decoded, ...rest} = reply.question
  const question = {
    ...{...rest, args: [2n ** 64n - 1n], paths: [undefined, '/etc']},
    decoded: decoded.map((each) => ('length' in each && 'value' in each ? {...each, value: HI} : each)),
  }
  expect(checkedReply(JSON.parse(JSON.stringify(reply)))).toEqual({...reply, question})
})

test('a cost that JSON cannot express is infinite', () => {
  const ready = {
    kind: 'ready',
    platform: {name: 'kvm', reason: '', costs: {...COSTS, wakeUpNs: null}},
    jail: [],
  }
  expect(checkedReply(ready)).toMatchObject({platform: {costs: {wakeUpNs: Number.POSITIVE_INFINITY}}})
})

test.each([
  null,
  [],
  'ready',
  {},
  {kind: 'constructor'},
  {kind: 'ready', platform: {name: 'other', reason: '', costs: COSTS}, jail: []},
  {kind: 'ready', platform: {name: 'kvm', reason: '', costs: COSTS}, jail: [{name: 'moat', status: 'on'}]},
  {kind: 'ready', platform: {name: 'kvm', reason: '', costs: {trapNs: 1}}, jail: []},
  {kind: 'finished'},
  {kind: 'finished', finished: {pid: 2, result: RESULT, outputTruncated: false}},
  {kind: 'used', stats: {...STATS, memoryBytes: -1}},
  {kind: 'used', processes: [{...PROCESS, state: 'SS'}]},
  {kind: 'used', processes: Array.from({length: 2049}, () => PROCESS)},
  {kind: 'output', fd: 2},
  {kind: 'started', pid: 2},
  {kind: 'finished', run: 1, finished: {pid: 2, result: {...RESULT, exitCode: '0'}, outputTruncated: false}},
  {
    kind: 'finished',
    run: 1,
    finished: {pid: 2, result: {...RESULT, stats: {syscalls: {}}}, outputTruncated: false},
  },
  {kind: 'failed', error: 'no'},
  {kind: 'events', events: {length: 1}},
  {kind: 'events', events: [{type: 'exit', pid: 0.5, time: 1}]},
  {kind: 'events', events: [{...CALL, result: '3'}]},
  {kind: 'events', events: [{...CALL, unfinished: 'lost'}]},
  {kind: 'asks', run: 1, question: {...QUESTION, args: ['0x10']}},
  {kind: 'asks', run: 1, question: {...QUESTION, args: ['9'.repeat(100_000)]}},
  {kind: 'asks', run: 1, question: {...QUESTION, name: 'x'.repeat(1000)}},
  {kind: 'asks', run: 1, question: {...QUESTION, paths: ['x'.repeat(5000)]}},
  {kind: 'asks', run: 1, question: {...QUESTION, paths: Array(7).fill('')}},
  {kind: 'asks', run: 1, question: {...QUESTION, decoded: Array(7).fill(DECODED[0])}},
  decoding({kind: 'constructor', value: 1, text: ''}),
  decoding({kind: 'number', value: '5', text: ''}),
  decoding({kind: 'number', value: 5}),
  decoding({kind: 'other', text: 'x'.repeat(40_000)}),
  decoding({kind: 'path', value: 'x'.repeat(5000), text: ''}),
  decoding({kind: 'flags', value: Array(1000).fill('O_RDWR'), text: ''}),
  decoding({kind: 'strings', value: Array(3).fill('x'.repeat(2000)), text: ''}),
  decoding({kind: 'bytes', value: 'x'.repeat(10_000), length: 1, text: ''}),
  decoding({kind: 'address', value: {family: 5}, text: ''}),
  ending({}),
  ending({result: 1, errno: 1}),
  ending({errno: 'ENOENT'}),
  ending({errno: 0}),
  {kind: 'limit', run: 1, hit: {limit: 'time', count: 2}},
  {kind: 'limit', run: 1, hit: {limit: 'tasks', count: 0}},
  {kind: 'limit', run: 1, hit: {limit: 'tasks', count: 1.5}},
  {kind: 'output', run: 1, fd: 3},
  {kind: 'filed', id: 3, errno: 0},
  {kind: 'filed', id: 3, answer: {isEnd: 1}},
  ...['..', '.', 'a/b', 'a\0', 'ā', 'x'.repeat(256)].map((name) => ({
    kind: 'filed',
    id: 3,
    answer: {isEnd: true, entry: {...ENTRY, name}},
  })),
  {kind: 'filed', id: 3, answer: {isEnd: true, entry: {...ENTRY, kind: 'other'}}},
  {kind: 'filed', id: 3, answer: {isEnd: true, entries: Array(501).fill(ENTRY)}},
])('%j is refused', (reply) => {
  expect(() => checkedReply(reply)).toThrow('makes no sense')
})
