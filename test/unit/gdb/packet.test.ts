// What arrives from gdb or from another client: whole packets, broken ones, and ones that make no sense.

import {describe, expect, test} from 'vitest'
import {MAX_PAYLOAD} from '../../../src/gdb/packet.ts'
import {FakeGdb, FakeTarget, modern} from '../../helpers/gdb.ts'

describe('packets', () => {
  test('each is acknowledged until gdb wants no more of that', () => {
    const gdb = new FakeGdb(new FakeTarget())
    expect(gdb.ask('QStartNoAckMode')).toBe('OK')
    expect(gdb.takeSigns()).toBe('+')
    expect(gdb.ask('qAttached')).toBe('0')
    expect(gdb.takeSigns()).toBe('')
  })

  test('one with a wrong sum, or none, is asked for again and does nothing', () => {
    const target = new FakeTarget()
    const gdb = new FakeGdb(target)
    gdb.send('$k#00$k#zz')
    expect(gdb.takeSigns()).toBe('--')
    expect(target.events).toEqual(['interrupt'])
  })

  test('one that arrives byte by byte, behind noise, is whole', () => {
    const gdb = new FakeGdb(new FakeTarget())
    for (const char of '++GET / HTTP/1.1\r\n$qAttached#8f') gdb.send(char)
    expect(gdb.heard).toEqual(['0'])
  })

  test('one that never ends is not kept, and what comes behind it is heard', () => {
    const gdb = new FakeGdb(new FakeTarget())
    gdb.send(`$${'m'.repeat(MAX_PAYLOAD * 4)}`)
    gdb.send('#00$qAttached#8f')
    expect(gdb.takeSigns()).toBe('-+')
    expect(gdb.heard).toEqual(['0'])
  })

  test('the last answer is sent again when it did not arrive', () => {
    const gdb = new FakeGdb(new FakeTarget())
    gdb.ask('qAttached')
    gdb.send('-')
    expect(gdb.heard).toEqual(['0', '0'])
  })

  test.each([
    'm',
    'm1000',
    'm1000,',
    'm,4',
    'mzz,4',
    'm1000,4,4',
    'm11111111111111111,4',
    'm1000,111111111',
    'M1000,2:0',
    'M1000,2:zz',
    'M1000,2',
    'X1000,4:ab',
    'G',
    'G00',
    'Gzz',
    'p',
    'pfff',
    'pzz',
    'P',
    'P0',
    'P0=00',
    'Pfff=0000000000000000',
    'Z',
    'Z0',
    'Z0,zz,1',
    'Z0,1000',
    'Z0,1000,1,X1',
    'z0',
    'H',
    'Hg',
    'Hx2',
    'Hg99',
    'T',
    'T99',
    'Tzz',
    'vCont;',
    'vCont;x',
    'vCont;c:zz',
    'vCont;Szz',
    'vCont;r1',
    'vCont;S8f',
    'C',
    'Sxx',
    'qThreadExtraInfo,99',
    'qXfer:features:read:target.xml:0,',
    'qXfer:auxv:read::zz,10',
    'QPassSignals:zz',
    'vCont;t',
  ])('%s makes no sense: an error, or no such packet, and nothing runs', (packet) => {
    const {target, gdb} = modern()
    expect(gdb.ask(packet)).toMatch(/^(E[0-9a-f]{2})?$/)
    expect(target.resumed).toEqual([])
  })

  test.each([
    '',
    'vUnknown',
    'qUnknown:1',
    'QUnknown',
    'vFile:open:2f,0,0',
    'Z3,1000,4',
    'Z9,1000,4',
    '!',
    'R0',
    '_',
    'toString',
    'vMustReplyEmpty',
  ])('"%s" is answered as a packet that is not there', (packet) => expect(modern().gdb.ask(packet)).toBe(''))

  test('who sends on and on while the program runs is no gdb', () => {
    const {gdb} = modern()
    gdb.ask('vCont;c')
    for (let i = 0; i < 100; i++) gdb.ask('g')
    expect(gdb.isClosed).toBe(true)
  })
})
