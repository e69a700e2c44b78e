// How a program in a machine ended, and what hv says where there was none.

import {describe, expect, test} from 'vitest'
import {endOfProgram} from '../../../src/launch/machine-program-end.ts'
import type {MachineOrder} from '../../../src/machine/program/order.ts'

const order = {program: 'tool', cwd: '/work'} as MachineOrder
const off = {exitCode: 0, signal: null, timedOut: false}
const end = (link: Parameters<typeof endOfProgram>[1], machine = {}, reason = 'a line', of = order) =>
  endOfProgram(of, link, {...off, ...machine}, reason)

describe('a program in a machine', () => {
  test('ends as its first process says, unless its time was up', () => {
    expect(end({end: {exitCode: 3}, hasBegun: true})).toEqual({exitCode: 3, signal: null, timedOut: false})
    expect(end({end: {signal: 11}, hasBegun: true})).toEqual({exitCode: null, signal: 11, timedOut: false})
    expect(end({end: {exitCode: 3}, hasBegun: true}, {timedOut: true}).timedOut).toBe(true)
    expect(end({end: undefined, hasBegun: false}, {exitCode: null, signal: 2}).signal).toBe(2)
  })

  test.each<[Parameters<typeof endOfProgram>[1], string, RegExp]>([
    [{end: undefined, hasBegun: false}, 'BAD_KERNEL', /did not start the program; its console said: a line/],
    [{end: undefined, hasBegun: true}, 'BAD_KERNEL', /ended before the program/],
    [{end: {errno: 2, of: 'program'}, hasBegun: true}, 'NOT_FOUND', /tool: not in the guest's PATH/],
    [{end: {errno: 13, of: 'program'}, hasBegun: true}, 'NOT_EXECUTABLE', /EACCES/],
    [{end: {errno: 8, of: 'program'}, hasBegun: true}, 'NOT_EXECUTABLE', /ENOEXEC/],
    [
      {end: {errno: 11, of: 'machine'}, hasBegun: false},
      'SANDBOX_FULL',
      /cannot begin another process \(EAGAIN\)/,
    ],
    [{end: {errno: 20, of: 'directory'}, hasBegun: true}, 'BAD_ARGUMENT', /`cwd` \/work cannot be entered/],
  ])('that did not end is an error: %j', (link, code, message) => {
    expect(() => end(link)).toThrow(expect.objectContaining({code, message: expect.stringMatching(message)}))
  })

  test('whose relay has gone is told from the end of its kernel', () => {
    const lost = () => end({end: undefined, hasBegun: true}, {exitCode: null})
    expect(lost).toThrow(
      expect.objectContaining({code: 'BAD_KERNEL', message: expect.stringMatching(/lost the program/)}),
    )
  })

  test('what a console says goes on one line, and nothing is said, too', () => {
    const link = {end: undefined, hasBegun: false}
    expect(() => end(link, {}, 'a\u001b[31mb')).toThrow(/said: a[^[]+\[31mb/)
    expect(() => end(link, {}, '')).toThrow(/its console said nothing/)
  })
})
