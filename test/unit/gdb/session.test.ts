// A session of gdb's remote protocol, over a fake target.

import {describe, expect, test} from 'vitest'
import {MAX_PAYLOAD} from '../../../src/gdb/packet.ts'
import {FakeGdb, FakeTarget, modern} from '../../helpers/gdb.ts'

describe('stops', () => {
  test('? tells the last one, with registers that gdb wants at once', () => {
    const {gdb} = modern()
    expect(gdb.ask('?')).toMatch(/^T0006:[0-9a-f]{16};07:[0-9a-f]{16};10:[0-9a-f]{16};thread:2;$/)
  })

  test('what comes before the program stands still is answered when it does', () => {
    const target = new FakeTarget()
    const gdb = new FakeGdb(target)
    gdb.ask('vCont;c')
    expect(gdb.ask('qAttached')).toBeUndefined()
    target.stop({what: 'signal', thread: 3, signal: 10})
    expect(gdb.heard[0]).toMatch(/^T1e.*thread:3;$/)
    expect(gdb.heard[1]).toBe('0')
  })

  test.each([
    [{what: 'breakpoint', thread: 3}, /^T05.*thread:3;swbreak:;$/],
    [{what: 'watchpoint', thread: 2, address: 0x1234n}, /^T05.*;watch:1234;$/],
    [{what: 'watchpoint', thread: 2, address: 0x1234n, kind: 'read'}, /^T05.*;rwatch:1234;$/],
    [{what: 'watchpoint', thread: 2, address: 0x1234n, kind: 'access'}, /^T05.*;awatch:1234;$/],
    [{what: 'executed', thread: 2, path: '/a'}, /^T05.*exec:2f61;$/],
    [{what: 'exited', code: 258}, /^W02$/],
    [{what: 'killed', signal: 7}, /^X0a$/],
    [{what: 'nothing-left'}, /^N$/],
  ] as const)('one that is $0.what', (stop, reply) => {
    const {target, gdb} = modern()
    gdb.ask('vCont;c')
    target.stop(stop)
    expect(gdb.heard.at(-1)).toMatch(reply)
  })

  test('^C stops a program that runs', () => {
    const {target, gdb} = modern()
    gdb.ask('c')
    gdb.send('\x03')
    expect(target.events).toEqual(['interrupt', 'interrupt'])
  })

  test('^C that comes while the program stands still stops it once, when it goes on', () => {
    const {target, gdb} = modern()
    gdb.send('\x03')
    expect(target.events).toEqual(['interrupt'])
    gdb.ask('c')
    expect(target.events).toEqual(['interrupt', 'interrupt'])
    target.stop({what: 'signal', thread: 2, signal: 2})
    gdb.ask('c')
    expect(target.events).toEqual(['interrupt', 'interrupt'])
  })

  test('^C that another stop came before stops the program when it goes on', () => {
    const {target, gdb} = modern()
    gdb.ask('c')
    gdb.send('\x03')
    target.stop({what: 'breakpoint', thread: 2})
    target.events.length = 0
    gdb.ask('c')
    expect(target.events).toEqual(['interrupt'])
    target.stop({what: 'signal', thread: 2, signal: 2})
    gdb.ask('c')
    expect(target.events).toEqual(['interrupt'])
  })
})

describe('resuming', () => {
  test.each([
    ['c', [{thread: undefined, kind: 'go', signal: 0}]],
    ['C1e', [{thread: undefined, kind: 'go', signal: 10}]],
    ['vCont;c', [{thread: undefined, kind: 'go', signal: 0}]],
    [
      'vCont;s:3;c',
      [
        {thread: 3, kind: 'step', signal: 0},
        {thread: undefined, kind: 'go', signal: 0},
      ],
    ],
    ['vCont;S0b:3', [{thread: 3, kind: 'step', signal: 11}]],
    ['vCont;r1000,1008:2', [{thread: 2, kind: 'step', signal: 0, range: {address: 0x1000n, end: 0x1008n}}]],
    ['vCont;t:3;c:-1', [{thread: undefined, kind: 'go', signal: 0}]],
  ])('%s', (packet, resumptions) => {
    const {target, gdb} = modern()
    expect(gdb.ask(packet)).toBeUndefined()
    expect(target.resumed).toEqual([resumptions])
  })

  test('s steps the thread that Hc chose, and lets others go on', () => {
    const {target, gdb} = modern()
    gdb.ask('Hc3')
    gdb.ask('s')
    expect(target.resumed[0].map(({thread, kind}) => [thread, kind])).toEqual([
      [3, 'step'],
      [undefined, 'go'],
    ])
  })

  test('a program that is gone cannot', () => {
    const {target, gdb} = modern()
    target.tids = []
    expect(gdb.ask('vCont;c')).toBe('E01')
  })
})

describe('memory, registers, points', () => {
  test('memory is read and written as hexadecimal and as bytes, with escapes', () => {
    const {target, gdb} = modern()
    expect(gdb.ask('M1000,3:0102ff')).toBe('OK')
    expect(gdb.ask('X1003,4:#$}*')).toBe('OK')
    expect(gdb.ask('m1000,7')).toBe('0102ff23247d2a')
    expect(gdb.ask('x1000,7')).toBe('b\x01\x02\xff#$}*')
    expect(target.memory[6]).toBe(0x2a)
  })

  test('reads end where memory does, and writes that reach beyond it change nothing', () => {
    const {gdb} = modern()
    expect(gdb.ask('m1ffe,10')).toBe('0000')
    expect(gdb.ask('m5000,1')).toBe('E0e')
    expect(gdb.ask('x5000,1')).toBe('E0e')
    expect(gdb.ask('x1000')).toBe('E01')
    expect(gdb.ask('M1fff,2:0101')).toBe('E0e')
    expect(gdb.ask('m1000,ffffffff')!.length).toBeLessThanOrEqual(MAX_PAYLOAD)
  })

  test('registers are read and written, one and all', () => {
    const {gdb} = modern()
    expect(gdb.ask('p0')).toBe('0001020304050607')
    expect(gdb.ask('P0=1111111111111111')).toBe('OK')
    const all = gdb.ask('g')!
    expect(all.startsWith('1111111111111111')).toBe(true)
    expect(gdb.ask(`G${all.replace('11', '22')}`)).toBe('OK')
    expect(gdb.ask('p0')).toBe('2211111111111111')
  })

  test('points come and go; what the target has no room for, or has not, is told', () => {
    const {target, gdb} = modern()
    expect(gdb.ask('Z0,1000,1')).toBe('OK')
    expect(gdb.ask('Z1,1008,1')).toBe('OK')
    expect(target.points).toEqual(['software 1000 1', 'hardware 1008 1'])
    expect(gdb.ask('Z0,1010,1')).toBe('E0e')
    expect(gdb.ask('Z2,1000,4')).toBe('')
    expect(gdb.ask('z1,1008,1')).toBe('OK')
    expect(gdb.ask('z0,800,1')).toBe('E0e')
  })
})

describe('queries', () => {
  test('threads, their names, and the one that stopped', () => {
    const {gdb} = modern()
    expect(gdb.ask('qfThreadInfo')).toBe('m2,3')
    expect(gdb.ask('qsThreadInfo')).toBe('l')
    expect(gdb.ask('qC')).toBe('QC2')
    expect(gdb.ask('qThreadExtraInfo,3')).toBe(Buffer.from('thread 3').toString('hex'))
    expect(gdb.ask('T3')).toBe('OK')
  })

  test('threads by the thousand come in pieces', () => {
    const {target, gdb} = modern()
    target.tids = Array.from({length: 1000}, (_, i) => i + 2)
    let answer = gdb.ask('qfThreadInfo')!
    let count = 0
    for (; answer.startsWith('m'); answer = gdb.ask('qsThreadInfo')!) count += answer.split(',').length
    expect(count).toBe(1000)
  })

  test('the description comes in pieces that make one XML', () => {
    const {target, gdb} = modern()
    let xml = ''
    for (;;) {
      const part = gdb.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},200`)!
      xml += part.slice(1)
      if (part.startsWith('l')) break
    }
    expect(xml).toBe(target.layout.xml)
  })

  test('auxv comes as it is, and the executable by its path', () => {
    const {gdb} = modern()
    expect(gdb.ask('qXfer:auxv:read::0,100')).toBe('l\x01\x02#}')
    expect(gdb.ask('qXfer:exec-file:read::0,100')).toBe('l/bin/program')
    expect(gdb.ask('qXfer:exec-file:read:9:0,100')).toBe('E00')
    expect(gdb.ask('qXfer:features:read:other.xml:0,100')).toBe('E00')
    expect(gdb.ask('qXfer:libraries:read::0,100')).toBe('')
  })

  test('signals that gdb does not want to hear of are told in Linux’s numbers', () => {
    const {target, gdb} = modern()
    expect(gdb.ask('QPassSignals:14;1e;0e;')).toBe('OK')
    expect([...target.passed].sort((a, b) => a - b)).toEqual([10, 14, 17])
  })
})

describe('the end', () => {
  test('k kills, D detaches, and both are the last', () => {
    const killed = modern()
    killed.gdb.ask('k')
    expect([killed.target.events.at(-1), killed.gdb.isClosed]).toEqual(['kill', true])
    const left = modern()
    expect(left.gdb.ask('D')).toBe('OK')
    expect([left.target.events.at(-1), left.gdb.isClosed]).toEqual(['detach', true])
    expect(left.gdb.ask('g')).toBeUndefined()
  })

  test('monitor exit is answered, kills, and is the last; other commands of monitor are told of it', () => {
    const {target, gdb} = modern()
    const hex = (text: string) => Buffer.from(text).toString('hex')
    expect(gdb.ask(`qRcmd,${hex('help')}`)).toContain(hex('monitor exit'))
    expect(gdb.ask('qRcmd,6')).toContain(hex('monitor exit'))
    expect(gdb.ask(`qRcmd,${hex('exit')}`)).toBe('OK')
    expect(target.events).toContain('kill')
    expect(gdb.isClosed).toBe(true)
  })

  test('vKill is answered', () => {
    const {target, gdb} = modern()
    expect(gdb.ask('vKill;2')).toBe('OK')
    target.stop({what: 'killed', signal: 9})
    expect(gdb.ask('?')).toBe('X09')
  })
})
