// Names that a guest asks for: what it is told, and what it may connect to afterwards.

import {expect, test} from 'vitest'
import {NetPolicy} from '../../../src/broker/net-policy.ts'
import {parseNetRules} from '../../../src/broker/net-rules.ts'
import {addressRecord, encodeName, MOST_RECORDS, otherRecord} from '../../../src/broker/records.ts'
import {type DnsLookup, Resolver} from '../../../src/broker/resolver.ts'

const [ENOENT, EIO, EACCES] = [2, 5, 13]

/** @param addresses what the name servers say of any name, one question after the other */
function resolverOf(allow: string, ...addresses: string[][]) {
  const policy = new NetPolicy(parseNetRules(allow), [], () => false)
  const next = async () => addresses.shift()!.map((address) => ({address, ttl: 5}))
  const dns: DnsLookup = {resolve4: next, resolve6: next, resolve: async () => []}
  const resolver = new Resolver(policy, dns, () => 0)
  const ask = (name: string, type: 'A' | 'AAAA' = 'A') =>
    resolver.resolve({kind: 'resolve', id: 1, name, type})
  return {policy, dns, ask}
}

test('an allowed name is told with its addresses, which may be connected to for a minute at least', async () => {
  const {policy, ask} = resolverOf('example.com:443', ['93.184.216.34'])
  expect(await ask('Example.COM.')).toEqual({id: 1, errno: 0, records: [addressRecord('93.184.216.34', 60)]})
  expect(policy.allows('93.184.216.34', 443, 59_999)).toBe(true)
  expect(policy.allows('93.184.216.34', 443, 60_000)).toBe(false)
})

test('another name is not asked for', async () => {
  const {ask} = resolverOf('example.com')
  expect(await ask('evil.example')).toEqual({id: 1, errno: EACCES, needs: 'evil.example'})
  expect(await ask('not a name')).toEqual({id: 1, errno: ENOENT})
})

test.each([
  ...[
    '',
    '.',
    'example.com..',
    '.example.com',
    'example.com\0.test',
    'example.com ',
    '\texample.com',
    'example.com\n',
  ],
  ...['127.1', '0x7f000001', '017700000001', '127.0.0.1.', '[::1]', '::1', '\uff11\uff12\uff17.0.0.1'],
  ...[
    'example\u3002com',
    'ex\u0430mple.com',
    'example.com:443',
    'user@example.com',
    'example.com/',
    '*.example.com',
  ],
  `${'a'.repeat(64)}.com`,
])('no name server is asked for %j', async (name) => {
  expect(await resolverOf('').ask(name)).toEqual({id: 1, errno: ENOENT})
})

test('no more addresses may be connected to than are told', async () => {
  const many = Array.from({length: 4096}, (_, i) => `93.${i >> 8}.${i & 255}.1`)
  const {policy, ask} = resolverOf('example.com', ['1.1.1.1'], many)
  await ask('example.com')
  expect((await ask('example.com')).records?.length).toBe(MOST_RECORDS)
  // Nor does what was told before make room for them.
  expect(many.concat('1.1.1.1').filter((ip) => policy.allows(ip, 80, 0)).length).toBe(MOST_RECORDS + 1)
})

test('a name that is rebound to a private address says which rule that would need', async () => {
  const {policy, ask} = resolverOf('example.com', ['93.184.216.34'], ['10.0.0.5', '127.0.0.1'])
  await ask('example.com')
  expect(await ask('example.com')).toMatchObject({errno: EACCES, needs: '10.0.0.5'})
  expect(policy.allows('10.0.0.5', 80, 0)).toBe(false)
  expect(await resolverOf('example.com', ['127.0.0.1']).ask('example.com')).toMatchObject({
    needs: 'host.internal',
  })
})

test('an IPv6 address that stands for an IPv4 one is none', async () => {
  expect((await resolverOf('example.com', ['::ffff:1.1.1.1']).ask('example.com', 'AAAA')).records).toEqual([])
})

test('host.internal has an IPv4 address, which no name server is asked for', async () => {
  const {ask} = resolverOf('host.internal')
  expect((await ask('host.internal')).records).toEqual([addressRecord('192.0.0.2', 60)])
  expect((await ask('host.internal', 'AAAA')).records).toEqual([])
})

test.each([
  ['ENOTFOUND', {id: 1, errno: ENOENT}],
  ['ENODATA', {id: 1, errno: 0, records: []}],
  ['ETIMEOUT', {id: 1, errno: EIO}],
])('%s of a name server', async (code, answer) => {
  const {dns, ask} = resolverOf('example.com')
  dns.resolve4 = async () => Promise.reject(Object.assign(new Error(), {code}))
  expect(await ask('example.com')).toEqual(answer)
})

test('an answer has no more records than a message takes', async () => {
  const many = Array.from({length: MOST_RECORDS + 1}, (_, index) => `1.1.1.${index}`)
  expect((await resolverOf('example.com', many).ask('example.com')).records?.length).toBe(MOST_RECORDS)
})

test('records have the bytes that messages carry', () => {
  const bytesOf = (record?: {data: string}) => Buffer.from(record!.data, 'base64').toString('latin1')
  expect(bytesOf(addressRecord('2001:db8::1', 0))).toBe(`\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01`)
  expect(encodeName('a.bc').toString('latin1')).toBe('\x01a\x02bc\0')
  expect(bytesOf(otherRecord('MX', {priority: 10, exchange: 'm.x'}, 0))).toBe('\0\x0a\x01m\x01x\0')
  expect(bytesOf(otherRecord('TXT', ['ab', 'c'], 0))).toBe('\x02ab\x01c')
})
