// The address where hv waits for gdb, as users write it.

import {expect, test} from 'vitest'
import {parseGdbAddress, targetRemote} from '../../../src/gdb/address.ts'

test.each([
  ['1234', {host: '127.0.0.1', port: 1234}],
  [':1234', {host: '127.0.0.1', port: 1234}],
  ['0', {host: '127.0.0.1', port: 0}],
  ['0.0.0.0:65535', {host: '0.0.0.0', port: 65_535}],
  ['localhost:1', {host: 'localhost', port: 1}],
  ['[::1]:1234', {host: '::1', port: 1234}],
  ['unix:/run/a b', {path: '/run/a b'}],
])('%s', (text, address) => expect(parseGdbAddress(text)).toEqual(address))

test.each([
  '',
  'x',
  '65536',
  '99999999',
  '-1',
  'a:b:1',
  '::1:1234',
  'host:',
  'unix:',
  `unix:/${'x'.repeat(107)}`,
])('"%s" is no such place', (text) => expect(() => parseGdbAddress(text)).toThrow('bad address for gdb'))

test('what is typed into gdb has brackets where gdb wants them', () => {
  expect(targetRemote({host: '::1', port: 1})).toBe('target remote [::1]:1')
  expect(targetRemote({path: '/s'})).toBe('target remote /s')
})
