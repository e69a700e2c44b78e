// --publish: what is a published port, and what is none.

import {expect, test} from 'vitest'
import {
  formatPublished,
  MOST_PUBLISHED,
  parsePublished,
  requireDistinct,
} from '../../../src/broker/published-port.ts'

test.each([
  ['8080:80', '127.0.0.1', 8080, 80, 'tcp'],
  ['0:80', '127.0.0.1', 0, 80, 'tcp'],
  ['0.0.0.0:53:5353/udp', '0.0.0.0', 53, 5353, 'udp'],
  ['10.0.0.5:8080:80/tcp', '10.0.0.5', 8080, 80, 'tcp'],
  ['[::1]:8080:80', '::1', 8080, 80, 'tcp'],
  ['[::]:65535:65535/udp', '::', 65_535, 65_535, 'udp'],
] as const)('%s is a published port', (text, address, hostPort, guestPort, protocol) => {
  expect(parsePublished(text)).toEqual({address, hostPort, guestPort, protocol})
})

test.each([
  ['80', 'is no published port'],
  ['', 'is no published port'],
  [':80', 'is no published port'],
  ['8080:80/sctp', 'is no published port'],
  ['8000-8010:8000-8010', 'is no published port'],
  ['::1:8080:80', 'is no published port'],
  ['1:2:3:4', 'is no published port'],
  ['8080:65536', 'has a port out of range'],
  ['99999:80', 'has a port out of range'],
  ['8080:0', 'has a port out of range'],
  ['localhost:8080:80', 'names no address of this host'],
  ['[127.0.0.1]:8080:80', 'names no address of this host'],
  ['[fe80::1%eth0]:8080:80', 'names no address of this host'],
  ['1.2.3:8080:80', 'names no address of this host'],
])('%j is none', (text, why) => {
  expect(() => parsePublished(text)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
  expect(() => parsePublished(text)).toThrow(why)
})

test('a published port is written as it is read', () => {
  for (const text of ['127.0.0.1:8080:80', '[::1]:8080:80', '0.0.0.0:53:5353/udp'])
    expect(formatPublished(parsePublished(text))).toBe(text)
})

test('a port of the host is published once, for each protocol and address', () => {
  const check = (...texts: string[]) => requireDistinct(texts.map(parsePublished))
  check('8080:80', '8080:80/udp', '127.0.0.2:8080:80', '0:80', '0:80')
  expect(() => check('8080:80', '127.0.0.1:8080:81')).toThrow('port 8080 of 127.0.0.1 is published twice')
  expect(() => check(...Array<string>(MOST_PUBLISHED + 1).fill('0:80'))).toThrow('more than 256')
})
