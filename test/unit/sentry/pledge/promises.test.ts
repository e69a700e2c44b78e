// Sets of promises as texts.

import {expect, test} from 'vitest'
import {
  formatPromises,
  isSubset,
  parsePromises,
  requirePromises,
} from '../../../../src/sentry/pledge/promises.ts'

test('a set is written with spaces, in any number and order', () => {
  expect(parsePromises('  rpath   stdio ')).toEqual(new Set(['rpath', 'stdio']))
  expect(parsePromises('')).toEqual(new Set())
})

test('a set is shown in the order of pledge(2)', () => {
  expect(formatPromises(requirePromises('error prot_exec tmppath rpath stdio'))).toBe(
    'stdio rpath tmppath prot_exec error',
  )
})

test('a word that is no promise is told, with those that are', () => {
  expect(parsePromises('stdio rpth')).toBe('rpth')
  expect(() => requirePromises('stdio rpth')).toThrow('there is no promise "rpth"')
  expect(() => requirePromises('toString')).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
})

test('a set is a subset of one that has all its promises', () => {
  expect(isSubset(requirePromises('stdio'), requirePromises('stdio rpath'))).toBe(true)
  expect(isSubset(requirePromises('stdio inet'), requirePromises('stdio rpath'))).toBe(false)
})
