// The table of options: flags that can be told apart, and a schema for each option of the library.

import {describe, expect, test} from 'vitest'
import {TRACE_FLAGS} from '../../../../src/cli/trace-request.ts'
import {programRows} from '../../../../src/launch/options/program.ts'
import {settingRows} from '../../../../src/launch/options/settings.ts'
import {flagNameOf, flagsOf, rows, toFlag} from '../../../../src/launch/options/table.ts'

test.each([
  ['--rm', {name: 'rm', kind: 'switch', short: undefined, placeholder: undefined}],
  ['-v, --volume HOST:GUEST[:ro|rw]', {name: 'volume', kind: 'value', short: 'v'}],
  ['--unveil PATH:rwxc', {placeholder: 'PATH:rwxc'}],
  ['--trace[=FILE]', {name: 'trace', kind: 'optional', placeholder: '[=FILE]'}],
])('%s is read as in the help', (flag, parts) => {
  expect(toFlag({flag, summary: ''})).toMatchObject(parts)
})

test('choices make a value', () => {
  expect(toFlag({flag: '--platform', summary: '', choices: ['kvm']}).kind).toBe('value')
})

describe.each([
  ['run', flagsOf('run')],
  ['trace', TRACE_FLAGS],
  ['pledge', flagsOf('pledge')],
])('hv %s', (_, flags) => {
  test('has each name and each letter once', () => {
    const letters = flags.flatMap(({short}) => short ?? [])
    const names = flags.map(({name}) => name)
    expect([new Set(names).size, new Set(letters).size]).toEqual([names.length, letters.length])
  })
})

test('each option that the library has has a schema', () => {
  const lacking = Object.entries({...settingRows, ...programRows}).filter(([, {schema}]) => !schema)
  expect(lacking.map(([name]) => name)).toEqual([])
})

test('an error names the flag of an option, the first if it has two', () => {
  expect(Object.keys(rows).filter((option) => flagNameOf(option) === undefined)).toEqual([])
  expect(flagNameOf('jail')).toBe('--require-jail')
  expect(flagNameOf('isolation')).toBeUndefined()
})
