// Scripts: what Linux reads from a first line (fs/binfmt_script.c).

import {expect, test} from 'vitest'
import {readScriptLine, SCRIPT_LINE_BYTES} from '../../../../src/sentry/exec/script.ts'

test.each([
  ['#!/bin/sh\necho', {interpreter: '/bin/sh', argument: undefined}],
  ['#! \t/bin/sh \t-e -u \t\n', {interpreter: '/bin/sh', argument: '-e -u'}],
  ['#!/bin/sh', {interpreter: '/bin/sh', argument: undefined}],
  ['#!sh -c\0x\n', {interpreter: 'sh', argument: '-c'}],
  ['#!\n/bin/sh', undefined],
  ['#!  \t', undefined],
  ['#!\0/bin/sh\n', undefined],
  ['#/bin/sh\n', undefined],
  ['', undefined],
  [`#!/${'a'.repeat(SCRIPT_LINE_BYTES - 3)}`, undefined],
])('%j', (head, line) => {
  expect(readScriptLine(head)).toEqual(line)
})

test('an argument that does not fit is cut, a path is not', () => {
  const line = readScriptLine(`#!/bin/sh ${'a'.repeat(SCRIPT_LINE_BYTES)}`.slice(0, SCRIPT_LINE_BYTES))
  expect(line?.argument).toBe('a'.repeat(SCRIPT_LINE_BYTES - 10))
})
