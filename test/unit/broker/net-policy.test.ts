// Which addresses and names a policy lets a guest reach: rules as a user writes them, and what an attacker would try.

import {describe, expect, test} from 'vitest'
import {canonicalIp, isPublic} from '../../../src/broker/address-kinds.ts'
import {HOST_ADDRESS, HOST_NAME, NetPolicy} from '../../../src/broker/net-policy.ts'
import {canonicalName, parseNetRules} from '../../../src/broker/net-rules.ts'

const HOST_IP = '93.184.216.99'
const policy = (allow: string | undefined, deny?: string) =>
  new NetPolicy(
    allow === undefined ? [] : parseNetRules(allow),
    deny === undefined ? [] : parseNetRules(deny),
    (ip) => ip === HOST_IP,
  )
const PRIVATE = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1'],
  ...[
    '172.31.255.255',
    '192.0.0.1',
    '168.63.129.16',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
  ...[
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:1::',
    '::127.0.0.1',
    'fec0::1',
    '2001:db8::1',
  ],
]
const PUBLIC = [
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '64:ff9b::101:101',
  '::ffff:1.1.1.1',
]

test.each(PRIVATE)('%s is not public', (ip) => {
  expect(isPublic(canonicalIp(ip)!)).toBe(false)
  expect(policy('').allows(canonicalIp(ip)!, 80, 0)).toBe(false)
})

test.each(PUBLIC)('%s is public', (ip) => {
  expect(isPublic(canonicalIp(ip)!)).toBe(true)
  expect(policy('').allows(canonicalIp(ip)!, 80, 0)).toBe(true)
})

test.each(['1.2.3', '127.1', '0x7f000001', '2130706433', '01.2.3.4', 'fe80::1%lo', '::g', ''])(
  '%j is no address',
  (text) => {
    expect(canonicalIp(text)).toBeUndefined()
    expect(canonicalName(text)).toBeUndefined()
  },
)

describe('a rule', () => {
  test('without a list lets nothing through', () => {
    expect(policy(undefined).allows('1.1.1.1', 443, 0)).toBe(false)
  })

  test('of a private range lets it through, at its port alone', () => {
    const rules = policy('10.0.0.0/8:5432,[2001:db8::/32]')
    expect(rules.allows('10.9.8.7', 5432, 0)).toBe(true)
    expect(rules.allows('10.9.8.7', 5433, 0)).toBe(false)
    expect(rules.allows('11.0.0.1', 5432, 0)).toBe(false)
    expect(rules.allows('2001:db8:1::2', 1, 0)).toBe(true)
  })

  test('of the host’s own address has to name it', () => {
    expect(policy('').allows(HOST_IP, 80, 0)).toBe(false)
    expect(policy(HOST_IP).allows(HOST_IP, 80, 0)).toBe(true)
  })

  test('of IPv6 holds no IPv4 address, although each has a mapped one', () => {
    for (const range of ['[::/0]', '[::/64]']) {
      expect(policy(range).allows('169.254.169.254', 80, 0)).toBe(false)
      expect(policy('1.1.1.1', range).allows('1.1.1.1', 80, 0)).toBe(true)
    }
    expect(policy('[::/0]').allows('fd00::1', 80, 0)).toBe(true)
    expect(policy('0.0.0.0/0').allows('fd00::1', 80, 0)).toBe(false)
  })

  test('that denies an address denies a translator’s way to it', () => {
    const rules = policy('', '1.1.1.1:443')
    expect(rules.allows('64:ff9b::101:101', 443, 0)).toBe(false)
    expect(rules.allows('64:ff9b::101:101', 80, 0)).toBe(true)
    expect(policy('').allows(canonicalIp('64:ff9b::5db8:d863')!, 80, 0)).toBe(false)
  })

  test.each([
    ...['64:ff9b::10.0.0.1', '64:ff9b::169.254.169.254', '64:ff9b:1::8.8.8.8', '2002:a00:1::', '::10.0.0.1'],
    ...['2001:0:a00:1::f7f7:f7f7', '2001:0:808:808::f5ff:fffe', '::ffff:0:10.0.0.1', '::ffff:10.0.0.1'],
    `64:ff9b::${HOST_IP}`,
  ])('that is wide does not let %s through to a private address of IPv4', (text) => {
    const ip = canonicalIp(text)!
    for (const range of ['[::/0]', '[::/1],[8000::/1]', '[2000::/3]', '[64:ff9b::/32]', 'example.com,::/0']) {
      const rules = policy(range)
      expect(rules.learn('example.com', [ip], 1000)).toEqual([])
      expect(rules.allows(ip, 80, 0)).toBe(false)
    }
    expect(policy(text).allows(ip, 80, 0)).toBe(true)
  })

  test('that is wide lets public addresses of IPv4 through, however they are carried', () => {
    for (const ip of ['64:ff9b::808:808', '2002:808:808::', '2001:0:808:808::f7f7:f7f7'])
      expect(policy('[::/0]').allows(ip, 80, 0)).toBe(true)
    expect(policy('[64:ff9b::/96]').allows('64:ff9b::a00:1', 80, 0)).toBe(true)
    expect(policy('[2002::/16]', '10.0.0.0/8').allows('2002:a00:1::', 80, 0)).toBe(false)
  })

  test('that denies comes first', () => {
    const rules = policy('', '1.1.1.0/24,evil.example')
    expect(rules.allows('1.1.1.1', 443, 0)).toBe(false)
    expect(rules.allows('1.1.2.1', 443, 0)).toBe(true)
    expect(rules.resolves('evil.example')).toBe(false)
    rules.learn('evil.example', ['5.5.5.5'], 10)
    expect(rules.allows('5.5.5.5', 443, 0)).toBe(false)
  })

  test.each([
    ...[
      'a b',
      '[1.2.3.4]',
      'host:0',
      'host:65536',
      'host:x',
      '1.2.3.4/33',
      '::/129',
      '*',
      'a.*.b',
      '-a',
      'a..b',
    ],
    ...['[::1', '1.2.3.4/8/8', 'http://a', '::ffff:1.2.3.4/100', '127.1', ',', 'a'.repeat(64)],
  ])('%j is refused with the ways to write one', (text) => {
    expect(() => parseNetRules(text)).toThrow(/is no host, address or range/)
  })
})

describe('loopback', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.0/8:80',
    '0.0.0.0',
    '::1',
    '[::]',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'localhost:80',
    '*.localhost',
  ])('as the rule %s is the sandbox’s own', (text) => {
    expect(() => parseNetRules(text)).toThrow(/own loopback/)
  })

  test.each(['127.0.0.1', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1'])(
    'of the host is not reached by %s, whatever the rules',
    (ip) => {
      expect(policy('0.0.0.0/0,::/0').allows(canonicalIp(ip)!, 80, 0)).toBe(false)
    },
  )

  test('of the host has a name, at the ports of its rule', () => {
    const rules = policy(`${HOST_NAME}:8080`)
    expect(rules.resolves(HOST_NAME)).toBe(true)
    expect(rules.allows(HOST_ADDRESS, 8080, 0)).toBe(true)
    expect(rules.allows(HOST_ADDRESS, 8081, 0)).toBe(false)
    expect(rules.ruleFor(HOST_ADDRESS, 8081, 0)).toBe('host.internal:8081')
    expect(policy(HOST_NAME, HOST_NAME).allows(HOST_ADDRESS, 80, 0)).toBe(false)
  })

  test.each(['', '*.internal', '192.0.0.0/24', '0.0.0.0/0'])('of the host is not meant by %j', (rules) => {
    expect(policy(rules).resolves(HOST_NAME)).toBe(false)
    expect(policy(rules).allows(HOST_ADDRESS, 80, 0)).toBe(false)
  })
})

describe('a name', () => {
  test('is allowed with the addresses that hv resolved, as long as they hold', () => {
    const rules = policy('Example.COM:443')
    expect(rules.allows('93.184.216.34', 443, 0)).toBe(false)
    expect(rules.learn('example.com', ['93.184.216.34'], 1000)).toEqual(['93.184.216.34'])
    expect(rules.allows('93.184.216.34', 443, 999)).toBe(true)
    expect(rules.allows('93.184.216.34', 80, 999)).toBe(false)
    expect(rules.allows('93.184.216.34', 443, 1000)).toBe(false)
  })

  test('of a wildcard is one below it', () => {
    const rules = policy('*.example.org')
    expect(['a.example.org', 'a.b.example.org'].every((name) => rules.resolves(name))).toBe(true)
    expect(
      ['example.org', 'notexample.org', 'example.org.evil.com'].some((name) => rules.resolves(name)),
    ).toBe(false)
  })

  test.each(['127.0.0.1', '169.254.169.254', 'fd00:ec2::254', '10.0.0.5', HOST_IP])(
    'that is rebound to %s leads nowhere',
    (ip) => {
      const rules = policy('example.com')
      rules.learn('example.com', ['93.184.216.34'], 1000)
      expect(rules.learn('example.com', [ip], 1000)).toEqual([])
      expect(rules.allows(ip, 80, 0)).toBe(false)
    },
  )

  test('that leads to a private address passes if a rule names the address, too', () => {
    const rules = policy('db.internal,10.0.0.5')
    expect(rules.learn('db.internal', ['10.0.0.5', '10.0.0.6'], 1000)).toEqual(['10.0.0.5'])
    expect(rules.allows('10.0.0.5', 5432, 0)).toBe(true)
    expect(rules.allows('10.0.0.6', 5432, 0)).toBe(false)
  })
})

test('the addresses that were resolved first are forgotten, beyond a number of them', () => {
  const rules = policy('example.com')
  const ips = Array.from({length: 4097}, (_, index) => `93.184.${index >> 8}.${index & 255}`)
  for (const ip of ips) rules.learn('example.com', [ip], 1000)
  expect(ips.filter((ip) => !rules.allows(ip, 80, 0))).toEqual([ips[0]])
})

test('there are no more rules than 1,000', () => {
  const entries = Array.from({length: 1000}, (_, index) => `10.0.0.1:${index + 1}`)
  expect(parseNetRules(entries.join(',')).length).toBe(1000)
  expect(() => parseNetRules([...entries, '1.1.1.1'].join(','))).toThrow(/more than 1000 network rules/)
})

test('what would have been needed is named by the name, if hv resolved one', () => {
  const rules = policy('other.example:1')
  rules.learn('example.com', ['93.184.216.34'], 1000)
  expect(rules.ruleFor('93.184.216.34', 443, 0)).toBe('example.com:443')
  expect(rules.ruleFor('10.0.0.1', 80, 0)).toBe('10.0.0.1:80')
  expect(rules.ruleFor('fd00::1', 80, 0)).toBe('[fd00::1]:80')
})

test('no more addresses are kept than a bound, whatever a guest resolves', () => {
  const rules = policy('*.example.com')
  for (let i = 0; i < 5000; i++) rules.learn(`n${i}.example.com`, [`5.${i >> 8}.${i & 255}.1`], 1e9)
  expect(rules.allows('5.0.0.1', 80, 0)).toBe(false)
  expect(rules.allows('5.19.135.1', 80, 0)).toBe(true)
})
