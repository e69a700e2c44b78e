// The line discipline: what guests/linux/line-discipline.c tests natively, and what no guest can see from outside.

import {describe, expect, test} from 'vitest'
import {SIGINT, SIGQUIT, SIGTSTP} from '../../../../src/abi/signal.ts'
import {
  ECHO,
  ECHOCTL,
  ECHONL,
  EXTPROC,
  ICANON,
  ISIG,
  IUTF8,
  IXANY,
  IXON,
  NOFLSH,
  OPOST,
  PARMRK,
  VEOL,
  VMIN,
  VTIME,
  XTABS,
} from '../../../../src/abi/termios.ts'
import {INITIAL_MODES} from '../../../../src/sentry/tty/modes.ts'
import {Typing} from './typing.ts'

const {input, output, local} = INITIAL_MODES
const RAW = {input: 0, output: 0, local: 0}

describe('lines', () => {
  test('are read one at a time, once they are whole', () => {
    const tty = new Typing()
    tty.type('one\rtw')
    expect(tty.line.inputBytes).toBe(4)
    expect(tty.read()).toBe('one\n')
    expect(tty.line.isReadable).toBe(false)
    tty.type('o\n')
    expect(tty.read(2)).toBe('tw')
    expect(tty.read()).toBe('o\n')
    expect(tty.shown()).toBe('one\r\ntwo\r\n')
  })

  test('end without a byte of their own at ^D', () => {
    const tty = new Typing()
    tty.type('ab\x04\x04')
    expect(tty.line.inputBytes).toBe(4)
    expect(tty.read(2)).toBe('ab')
    expect(tty.line.isReadable).toBe(true)
    expect(tty.read()).toBe('')
    expect(tty.line.isReadable).toBe(false)
  })

  test('end at a character of the program', () => {
    const tty = new Typing()
    tty.set({}, {[VEOL]: 0x3b})
    tty.type('a;b')
    expect(tty.read()).toBe('a;')
  })

  test.each([
    ['a character', 'abx\x7f\n', 'ab\n', 'abx\b \b\r\n'],
    ['a word', 'one two_3,\x17\n', 'one \n', 'one two_3,\b \b\b \b\b \b\b \b\b \b\b \b\r\n'],
    ['all', 'ab\x15c\n', 'c\n', 'ab\b \b\b \bc\r\n'],
    ['a control character', '\x01\x7f\n', '\n', '^A\b \b\b \b\r\n'],
    ['a tab', 'ab\t\x7f\n', 'ab\n', 'ab\t\b\b\b\b\b\b\r\n'],
    ['no more than there is', '\x7f\x17\x15a\n', 'a\n', 'a\r\n'],
  ])('are edited: %s', (_, typed, read, shown) => {
    const tty = new Typing()
    tty.type(typed)
    expect([tty.read(), tty.shown()]).toEqual([read, shown])
  })

  test('lose whole characters of UTF-8, and never a part of what is not one', () => {
    const tty = new Typing()
    tty.set({input: input | IUTF8})
    tty.type('a\xe2\x82\xac\x7f\n\x82\x7f\x17\x15\n')
    expect(tty.read()).toBe('a\n')
    expect(tty.read()).toBe('\x82\n')
  })

  test('take a byte as it is behind ^V, and are shown again by ^R', () => {
    const tty = new Typing()
    tty.type('a\x16\x03\x12\n')
    expect(tty.signals).toEqual([])
    expect([tty.read(), tty.shown()]).toEqual(['a\x03\n', 'a^\b^C^R\r\na^C\r\n'])
  })

  test('that are too long keep their beginning and their end', () => {
    const tty = new Typing(20_000)
    for (let i = 0; i < 5; i++) expect(tty.type('x'.repeat(1000))).toBe(1000)
    tty.type('\n')
    const line = tty.read(8192)
    expect([line.length, line.at(-2), line.at(-1)]).toEqual([4096, 'x', '\n'])
  })

  test('wait for a reader where whole ones fill the buffer', () => {
    const tty = new Typing(20_000)
    expect(tty.type('abc\n'.repeat(1100))).toBe(4095)
    tty.read()
    expect(tty.type('abcde')).toBe(4)
  })

  test('are what was there when they begin to count', () => {
    const tty = new Typing()
    tty.set(RAW)
    tty.type('raw')
    tty.set({})
    expect(tty.line.inputBytes).toBe(3)
    tty.type('more')
    tty.set(RAW)
    expect(tty.read()).toBe('rawmore')
  })
})

describe('echo', () => {
  test('is off, or shows newlines alone', () => {
    const tty = new Typing()
    tty.set({local: local & ~ECHO})
    tty.type('a\n')
    expect(tty.shown()).toBe('')
    tty.set({local: (local & ~ECHO) | ECHONL})
    tty.type('a\n')
    expect(tty.shown()).toBe('\r\n')
  })

  test('shows control characters as they are without ECHOCTL', () => {
    const tty = new Typing()
    tty.set({local: local & ~ECHOCTL})
    tty.type('\x01')
    expect(tty.shown()).toBe('\x01')
  })

  test('waits for room, keeps its order, and has a limit', () => {
    const tty = new Typing(4)
    tty.type('abcdef')
    expect(tty.shown() + tty.shown()).toBe('abcdef')
    for (let i = 0; i < 20; i++) tty.type(`${'y'.repeat(999)}\n`)
    let all = ''
    for (let text = tty.shown(); text !== ''; text = tty.shown()) all += text
    expect(all.length).toBeLessThan(4200)
  })
})

describe('keys', () => {
  test.each([
    ['\x03', SIGINT, '^C'],
    ['\x1c', SIGQUIT, '^\\'],
    ['\x1a', SIGTSTP, '^Z'],
  ])('%j is a signal, and empties the input', (key, signal, shown) => {
    const tty = new Typing()
    tty.type('line\n')
    tty.shown()
    tty.type(`ab${key}c\n`)
    expect(tty.signals).toEqual([signal])
    expect(tty.flushes).toBe(1)
    expect([tty.read(), tty.shown()]).toEqual(['c\n', `${shown}c\r\n`])
  })

  test('keep the input with NOFLSH, and are bytes without ISIG', () => {
    const tty = new Typing()
    tty.set({local: local | NOFLSH})
    tty.type('a\x03b\n')
    expect(tty.read()).toBe('ab\n')
    tty.set({local: local & ~ISIG})
    tty.type('\x03\n')
    expect(tty.read()).toBe('\x03\n')
    expect(tty.signals).toEqual([SIGINT])
  })

  test('a character that is off is none', () => {
    const tty = new Typing()
    tty.type('\0a\n')
    expect(tty.read()).toBe('\0a\n')
  })

  test('^S and ^Q stop the output and the echo, and let them go on', () => {
    const tty = new Typing()
    tty.type('\x13ab')
    expect([tty.print('x'), tty.shown(), tty.line.hasOutputRoom]).toEqual([0, '', false])
    tty.type('\x11')
    expect([tty.print('x'), tty.shown()]).toEqual([1, 'abx'])
    expect(tty.flow).toEqual([true, false])
  })

  test('any key lets it go on with IXANY, none what the program stopped', () => {
    const tty = new Typing()
    tty.set({input: input | IXANY})
    tty.type('\x13')
    tty.type('a')
    expect(tty.shown()).toBe('a')
    tty.line.flow.stopByProgram()
    tty.type('\x11b')
    expect(tty.shown()).toBe('')
    tty.set({input: input & ~IXON})
    expect(tty.shown()).toBe('')
    tty.line.flow.startByProgram()
    tty.print('c')
    expect(tty.shown()).toBe('bc')
  })
})

describe('output', () => {
  test('expands tabs from the column that it is in, and nothing without OPOST', () => {
    const tty = new Typing()
    tty.set({output: output | XTABS})
    tty.print('ab\tc\n\td')
    expect(tty.shown()).toBe('ab      c\r\n        d')
    tty.set({output: output & ~OPOST})
    tty.print('\n\t')
    expect(tty.shown()).toBe('\n\t')
  })

  test('takes what finds room, and never half a newline', () => {
    const tty = new Typing(4)
    expect(tty.print('abc\n')).toBe(3)
    expect(tty.shown()).toBe('abc')
    expect(tty.print('\n')).toBe(1)
  })
})

describe('bytes without lines', () => {
  const modes = (min: number, time: number): Typing => {
    const tty = new Typing()
    tty.set(RAW, {[VMIN]: min, [VTIME]: time})
    return tty
  }

  test.each([
    ['MIN alone', 3, 0, [false, false, true], [undefined, undefined, undefined]],
    ['TIME alone', 0, 2, [false, true, true], [2e8, 2e8, 2e8]],
    ['both', 2, 1, [false, false, true], [undefined, 1e8, 1e8]],
    ['none', 0, 0, [true, true, true], [undefined, undefined, undefined]],
  ])('end a read by %s', (_, min, time, ends, timeouts) => {
    const tty = modes(min, time)
    const seen = ['', 'a', 'bc'].map((typed) => {
      tty.type(typed)
      return [tty.line.endsRead(16), tty.line.readTimeoutNs]
    })
    expect(seen).toEqual(ends.map((end, index) => [end, timeouts[index]]))
  })

  test('end a short read early', () => {
    const tty = modes(5, 0)
    tty.type('ab')
    expect(tty.line.endsRead(2)).toBe(true)
    expect(tty.line.isReadable).toBe(false)
  })

  test('all pass with EXTPROC, whatever they are', () => {
    const tty = new Typing()
    tty.set({local: local | EXTPROC})
    tty.type('a\x7f\x03')
    expect(tty.read()).toBe('a\x7f\x03')
    expect(tty.signals).toEqual([])
  })

  test('mark what could be taken for a mark with PARMRK, and stay within the buffer', () => {
    const tty = new Typing()
    tty.set({...RAW, input: PARMRK, local: ICANON})
    tty.type('\xff\n')
    expect(tty.read()).toBe('\xff\xff\n')
    tty.type(`${'\xff'.repeat(5000)}\n`)
    expect(tty.read(8192).length).toBeLessThanOrEqual(4096)
  })
})
