// Disks, shares and networks as users write them.

import {expect, test} from 'vitest'
import {parseDisk, parseNet, parseShare} from '../../../../src/launch/options/parse-devices.ts'

test.each([
  ['/a:tag', false, false],
  ['/a:tag:rw', true, false],
  ['/a:tag:ro', false, false],
  ['/a:tag:9p', false, true],
  ['/a:tag:ro:9p', false, true],
  ['/a:tag:rw:9p', true, true],
])('share %s: writable %s, by 9P %s', (text, writable, is9p) =>
  expect(parseShare(text)).toEqual({path: '/a', tag: 'tag', writable, is9p}),
)

test.each(['', '/a', '/a:', ':tag', '/a:tag:', '/a:tag:9p:ro', '/a:tag:ro:9q', '/a:tag:ro:rw:9p'])(
  'share %j is refused',
  (text) => expect(() => parseShare(text)).toThrow(`bad share ${JSON.stringify(text)}`),
)

test.each([
  ['/a', {path: '/a', readOnly: false}],
  ['/a:ro', {path: '/a', readOnly: true}],
  ['/a,b:ro,iops=10', {path: '/a,b', readOnly: true, iops: 10}],
  ['/a,bps=1.5M,iops=1', {path: '/a', readOnly: false, iops: 1, bytesPerSecond: 1.5 * 2 ** 20}],
  ['/a,bps=1', {path: '/a', readOnly: false, bytesPerSecond: 1}],
  ['/a,iops=1,b', {path: '/a,iops=1,b', readOnly: false}],
])('disk %s', (text, disk) => expect(parseDisk(text)).toEqual(disk))

test.each(['', ':ro', '/a:rw', '/a:ro:ro', ',iops=1', '/a:iops=1'])('disk %j is refused', (text) =>
  expect(() => parseDisk(text)).toThrow(`bad disk ${JSON.stringify(text)}`),
)

test.each(['/a,iops=0', '/a,iops=1.5', '/a,iops=', '/a,bps=0', '/a,bps=-1', '/a,bps=', '/a,bps=99999999T'])(
  'the limit of %j is refused',
  (text) => expect(() => parseDisk(text)).toThrow('bad number of '),
)

test.each([
  ['unix:/a,b:c', {unix: '/a,b:c'}],
  ['unix:/a,iops=10,bps=1M', {unix: '/a', iops: 10, bytesPerSecond: 2 ** 20}],
  ['tap:tap0,bps=64K', {tap: 'tap0', bytesPerSecond: 65536}],
  ['tap:tap0,ip=10.0.1.2/24,iops=1', {tap: 'tap0', iops: 1, address: {address: 0x0a000102, prefix: 24}}],
  [
    'unix:/a,gateway=172.16.255.254,ip=172.16.0.1/16',
    {unix: '/a', address: {address: 0xac100001, prefix: 16, gateway: 0xac10fffe}},
  ],
])('network %s', (text, network) => expect(parseNet(text)).toEqual(network))

test.each(['', 'tap0', 'tap:', 'unix:,iops=1', 'udp:1'])('network %j is refused', (text) =>
  expect(() => parseNet(text)).toThrow(`bad network ${JSON.stringify(text)}`),
)

test.each([
  ['tap:tap0,ip=10.0.1.2', 'bad address "10.0.1.2"'],
  ['tap:tap0,ip=10.0.1.256/24', 'bad address'],
  ['tap:tap0,ip=10.0.1.0/24', 'bad address'],
  ['tap:tap0,ip=10.0.1.255/24', 'bad address'],
  ['tap:tap0,ip=10.0.1.1/31', 'bad address'],
  ['tap:tap0,ip=10.0.1.1/0', 'bad address'],
  ['tap:tap0,gateway=10.0.1.1', 'bad address ""'],
  ['tap:tap0,ip=10.0.1.2/24,gateway=10.0.2.1', 'bad gateway "10.0.2.1"'],
  ['tap:tap0,ip=10.0.1.2/24,gateway=10.0.1.2', 'bad gateway'],
  ['tap:tap0,ip=10.0.1.2/24,gateway=here', 'bad gateway'],
  ['tap:tap0,iops=1,iops=2', 'iops is given twice'],
])('the card %s is refused', (text, message) => expect(() => parseNet(text)).toThrow(message))
