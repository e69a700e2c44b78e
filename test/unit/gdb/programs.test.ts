// A session of gdb's remote protocol whose gdb starts programs: target extended-remote.

import {beforeEach, describe, expect, test} from 'vitest'
import type {ProgramRequest, Programs} from '../../../src/gdb/programs.ts'
import {FakeGdb, FakeTarget, modern} from '../../helpers/gdb.ts'

const hex = (text: string): string => Buffer.from(text).toString('hex')

class Started implements Programs {
  stays = false
  requests: ProgramRequest[] = []
  canLoad = true

  run(request: ProgramRequest): boolean {
    this.requests.push(request)
    return this.canLoad
  }
}

let target: FakeTarget
let programs: Started
let gdb: FakeGdb
beforeEach(() => {
  target = new FakeTarget()
  programs = new Started()
  target.programs = programs
  gdb = new FakeGdb(target)
  gdb.ask('qSupported:swbreak+')
})

function end(): void {
  gdb.ask('vCont;c')
  target.tids = []
  target.stop({what: 'exited', code: 0})
}

test('a target that starts none knows no such packets', () => {
  const {gdb} = modern()
  for (const packet of ['!', 'vRun;', 'QSetWorkingDir:2f', 'QEnvironmentReset'])
    expect(gdb.ask(packet)).toBe('')
})

test('the first stop of a program is the answer to vRun', () => {
  expect(gdb.ask('!')).toBe('OK')
  end()
  expect(gdb.heard.at(-1)).toBe('W00')
  expect(gdb.ask(`vRun;${hex('/bin/a')};${hex('x y')};`)).toBeUndefined()
  expect(programs.requests).toEqual([
    {program: '/bin/a', args: ['x y', ''], variables: new Map(), cwd: undefined, isRandom: false},
  ])
  target.tids = [7]
  target.stop({what: 'signal', thread: 7, signal: 5})
  expect(gdb.heard.at(-1)).toMatch(/^T05.*thread:7;$/)
  expect(gdb.ask('qC')).toBe('QC7')
})

test('without a name it is the first program again', () => {
  gdb.ask('!')
  end()
  gdb.ask('vRun;')
  expect(programs.requests[0]).toMatchObject({program: undefined, args: []})
})

test('gdb stays after a kill, and leaves no longer when it detaches', () => {
  gdb.ask('!')
  expect(gdb.ask('vKill;2')).toBe('OK')
  target.tids = []
  target.stop({what: 'killed', signal: 9})
  expect(gdb.ask('vRun;')).toBeUndefined()
  expect(programs.requests).toHaveLength(1)
  expect(gdb.isClosed).toBe(false)
})

test('monitor exit ends it also when there is no program', () => {
  gdb.ask('!')
  end()
  expect(gdb.ask(`qRcmd,${hex('exit')}`)).toBe('OK')
  expect(programs.stays).toBe(false)
  expect(target.onStop).toBeUndefined()
  expect(gdb.isClosed).toBe(true)
})

test('^C of one program does not stop the next', () => {
  gdb.ask('!')
  gdb.ask('vCont;c')
  gdb.send('\x03')
  target.tids = []
  target.stop({what: 'exited', code: 0})
  gdb.ask('vRun;')
  target.tids = [7]
  target.stop({what: 'signal', thread: 7, signal: 5})
  target.events.length = 0
  gdb.ask('vCont;c')
  expect(target.events).toEqual([])
})

test('the next gdb starts programs only if it says that it stays', () => {
  gdb.ask('!')
  gdb.session.end()
  expect(programs.stays).toBe(false)
  const next = new FakeGdb(target)
  target.tids = []
  expect(next.ask('vRun;')).toBe('E01')
})

test('no program is started beside another, nor if it cannot be loaded', () => {
  gdb.ask('!')
  expect(gdb.ask('vRun;')).toBe('E01')
  end()
  programs.canLoad = false
  expect(gdb.ask('vRun;')).toBe('E01')
  expect(gdb.ask('qC')).toBe('QC0')
})

describe('what gdb says before', () => {
  const started = (): ProgramRequest => {
    gdb.ask('!')
    end()
    gdb.ask('vRun;')
    return programs.requests[0]
  }

  test('of the environment: variables, and those that are not to be there', () => {
    expect(gdb.ask(`QEnvironmentHexEncoded:${hex('OLD=1')}`)).toBe('OK')
    expect(gdb.ask('QEnvironmentReset')).toBe('OK')
    expect(gdb.ask(`QEnvironmentHexEncoded:${hex('A=b=c')}`)).toBe('OK')
    expect(gdb.ask(`QEnvironmentUnset:${hex('HOME')}`)).toBe('OK')
    expect([...started().variables]).toEqual([
      ['A', 'b=c'],
      ['HOME', undefined],
    ])
  })

  test('of the directory and the addresses', () => {
    expect(gdb.ask(`QSetWorkingDir:${hex('/tmp')}`)).toBe('OK')
    expect(gdb.ask('QDisableRandomization:0')).toBe('OK')
    expect(started()).toMatchObject({cwd: '/tmp', isRandom: true})
  })

  test('grows no further than 128 KiB', () => {
    const value = 'x'.repeat(7000)
    const set = (name: string) => gdb.ask(`QEnvironmentHexEncoded:${hex(`${name}=${value}`)}`)
    const answers = Array.from({length: 30}, (_, i) => set(`N${i}`))
    expect(answers.slice(0, 18)).toEqual(Array(18).fill('OK'))
    expect(answers.slice(19)).toEqual(Array(11).fill('E01'))
    expect(set('N0')).toBe('OK')
    gdb.ask('QEnvironmentReset')
    expect(set('N29')).toBe('OK')
  })

  test('grows no further when the variables have no values, and takes no longer for it', () => {
    const names = Array.from({length: 60_000}, (_, i) => i.toString(36).padStart(3, '_'))
    const answers = names.map((name) => gdb.ask(`QEnvironmentUnset:${hex(name)}`))
    expect(answers.filter((answer) => answer === 'OK')).toHaveLength(Math.floor((128 * 1024) / 3))
  })

  test.each([
    'QDisableRandomization:2',
    'QEnvironmentHexEncoded:',
    `QEnvironmentHexEncoded:${hex('=1')}`,
    `QEnvironmentHexEncoded:${hex('NAME')}`,
    'QEnvironmentHexEncoded:413d00',
    'QEnvironmentUnset:xx',
    `QEnvironmentUnset:${hex('A=B')}`,
    'QSetWorkingDir:2f0',
    `QSetWorkingDir:${hex('x'.repeat(5000))}`,
  ])('nonsense is refused: %s', (packet) => {
    expect(gdb.ask(packet)).toBe('E01')
  })

  test.each(['vRun;2', 'vRun;;zz', 'vRun;ff', 'vRun;2f00'])('nonsense starts nothing: %s', (packet) => {
    gdb.ask('!')
    end()
    expect(gdb.ask(packet)).toBe('E01')
    expect(programs.requests).toEqual([])
  })
})
