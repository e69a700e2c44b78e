// The programs that gdb starts one after the other: which hv waits for next, and what is given back of those that it need not wait for.

import {beforeEach, expect, test} from 'vitest'
import {HvError} from '../../../src/errors.ts'
import type {ProgramRequest} from '../../../src/gdb/programs.ts'
import {GdbPrograms, type ProgramChanges} from '../../../src/launch/gdb-programs.ts'
import type {StartedProgram} from '../../../src/sentry/outside/started-program.ts'

const FIRST = {program: '/first', args: ['x'], env: {HOME: '/root', PATH: '/bin'}, cwd: '/'}
const REQUEST: ProgramRequest = {
  ...{program: undefined, args: [], variables: new Map(), cwd: undefined, isRandom: false},
}

class Fake {
  hasEnded = false
  finished = 0
  readonly process = {}
  finish(): void {
    this.finished++
  }
}

let loaded: Fake[]
let asked: ProgramChanges[]
let canLoad: boolean
let programs: GdbPrograms
beforeEach(() => {
  loaded = []
  asked = []
  canLoad = true
  const load = (changes: ProgramChanges): StartedProgram => {
    if (!canLoad) throw new HvError('NOT_FOUND', 'no such program', 'name another')
    asked.push(changes)
    const program = new Fake()
    loaded.push(program)
    return program as unknown as StartedProgram
  }
  programs = new GdbPrograms(FIRST, load, () => {})
})

test('the environment is the first one with what gdb has changed', () => {
  const variables = new Map([
    ['HOME', undefined],
    ['__proto__', 'a=b'],
  ])
  programs.run({...REQUEST, variables})
  expect(Object.entries(asked[0].env)).toEqual([
    ['PATH', '/bin'],
    ['__proto__', 'a=b'],
  ])
})

test('what gdb starts and kills before hv waits for it is given back', () => {
  for (let i = 0; i < 5; i++) {
    programs.run(REQUEST)
    loaded[i].hasEnded = true
  }
  expect(loaded.map(({finished}) => finished)).toEqual([1, 1, 1, 1, 0])
  expect(programs.takeNext()).toBe(loaded[4])
  expect(programs.hasNext).toBe(false)
})

test('what runs on, detached, is waited for before the next', () => {
  programs.run(REQUEST)
  programs.run(REQUEST)
  expect([programs.takeNext(), programs.takeNext(), programs.takeNext()]).toEqual([...loaded, undefined])
  expect(loaded.map(({finished}) => finished)).toEqual([0, 0])
})

test('the last one stays the last when the next cannot be loaded', () => {
  programs.run(REQUEST)
  loaded[0].hasEnded = true
  canLoad = false
  expect(programs.run(REQUEST)).toBe(false)
  expect(programs.takeNext()).toBe(loaded[0])
  expect(loaded[0].finished).toBe(0)
})
