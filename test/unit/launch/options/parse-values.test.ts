// Sizes, seconds, volumes and variables as users write them.

import {expect, test} from 'vitest'
import {
  parseCount,
  parseEnv,
  parseEnvFile,
  parseFlat,
  parseHostname,
  parseSize,
  parseTimeout,
  parseTmpfs,
  parseVolume,
} from '../../../../src/launch/options/parse-values.ts'

test.each([
  ['512M', 512 * 2 ** 20],
  ['2G', 2 * 2 ** 30],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['64kB', 65536],
  ['65536', 65536],
  ['1K', 4096],
])('memory %s is %d bytes', (text, bytes) => expect(parseSize(text, '--memory')).toBe(bytes))

test('memory in too few bytes asks for the unit that was forgotten', () => {
  expect(() => parseSize('512', '--disk')).toThrow('"512" would be bytes of disk')
})

test.each(['512Q', '', '0', '-1M', 'M', '1e9', '0x10', '1 M', '99999999T', 'NaN'])(
  'memory %j is refused',
  (text) => expect(() => parseSize(text, '--memory')).toThrow(`bad memory size ${JSON.stringify(text)}`),
)

const limits = {of: 'CPUs', most: 8, example: '--cpus 2'}

test.each(['1', '8'])('%s CPUs are taken', (text) => expect(parseCount(text, limits)).toBe(Number(text)))

test.each(['0', '-1', '9', '1e9', '', '1.5', 'two'])('%j CPUs are refused', (text) =>
  expect(() => parseCount(text, limits)).toThrow(`bad number of CPUs ${JSON.stringify(text)}`),
)

test.each([
  ['2', 2000],
  ['2.5', 2500],
  ['.25', 250],
  ['0.0001', 1],
  ['0', undefined],
])('time-out %s is %s ms', (text, ms) => expect(parseTimeout(text, '--timeout')).toBe(ms))

test.each(['-1', '', '1s', '1e3', 'Infinity', '9999999'])('time-out %j is refused', (text) =>
  expect(() => parseTimeout(text, '--timeout')).toThrow(`bad time-out ${JSON.stringify(text)}`),
)

test('a volume is read-only unless it says rw', () => {
  expect(parseVolume('/a:/b')).toEqual({host: '/a', guest: '/b', writable: false})
  expect(parseVolume('/a:/b:ro').writable).toBe(false)
  expect(parseVolume('/a:/b:rw').writable).toBe(true)
})

test('a volume’s guest path is cleaned, its host path is taken from here', () => {
  expect(parseVolume('x:/b/../../c/')).toEqual({host: `${process.cwd()}/x`, guest: '/c', writable: false})
})

test.each(['/a', ':/b', '/a:', '/a:b', '/a:/b:rx', '/a:/b:rw:x', ''])('volume %j is refused', (text) =>
  expect(() => parseVolume(text)).toThrow(`bad volume ${JSON.stringify(text)}`),
)

test('a variable keeps what follows the first =', () => {
  expect(parseEnv('A=b=c', {})).toEqual(['A', 'b=c'])
  expect(parseEnv('A=', {})).toEqual(['A', ''])
  expect(() => parseEnv('=b', {})).toThrow('bad variable')
})

test('a file of variables is read as docker reads it: no quotes, comments in lines of their own, the caller’s values', () => {
  const text = '\uFEFFA=1\r\n\n# B=2\n  C="a b" # c\nD=\nTERM\nNONE\nE=x=y'
  expect(parseEnvFile(text, 'f', {TERM: 'vt100'})).toEqual([
    ['A', '1'],
    ['C', '"a b" # c'],
    ['D', ''],
    ['TERM', 'vt100'],
    ['E', 'x=y'],
  ])
})

test.each([
  ['/run', {guest: '/run'}],
  ['/a/../run:rw,size=64k', {guest: '/run', maxBytes: 65536}],
  ['/run:mode=1777,size=1m', {guest: '/run', maxBytes: 2 ** 20, mode: 0o1777}],
])('a tmpfs %s', (text, expected) => expect(parseTmpfs(text)).toEqual(expected))

test.each(['run', '', ':size=1M', '/run:size=', '/run:mode=8', '/run:noexec', '/run:size=1M:ro'])(
  'a tmpfs %j is refused',
  (text) => expect(() => parseTmpfs(text)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'})),
)

test.each([
  ['real', {mode: 'real'}],
  ['Long@0x200000', {mode: 'long', address: 0x200000}],
  ['@4096', {address: 4096}],
  ['el2', {mode: 'el2'}],
])('a flat binary starts by %s', (text, expected) => expect(parseFlat(text)).toEqual(expected))

test.each(['', 'fast', 'real@', 'real@x', '0x7c00', 'real@0x7c00@1', '@-1', '@0x10000000000000000'])(
  'a flat binary does not start by %j',
  (text) => expect(() => parseFlat(text)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'})),
)

test.each(['a', 'box-1.example', 'x'.repeat(64)])('%s is a host name', (text) =>
  expect(parseHostname(text)).toBe(text),
)
test.each(['', '-a', 'a b', 'x'.repeat(65), 'ä'])('%j is no host name', (text) =>
  expect(() => parseHostname(text)).toThrow('bad host name'),
)
