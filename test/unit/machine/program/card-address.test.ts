// CardAddress: the addresses that a program's machine has without its user's doing, and how its first process gets them.

import {networkInterfaces} from 'node:os'
import {expect, test} from 'vitest'
import {encodeCards, parseCardAddress} from '../../../../src/machine/program/card-address.ts'
import {usualAddress} from '../../../../src/machine/program/usual-address.ts'

const words = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('hex').match(/.{8}/g) ?? []

test('behind a socket, cards are where QEMU has its guests, each in a network of its own', () => {
  const cards = [0, 1].map((index) => usualAddress(undefined, index))
  expect(words(encodeCards(cards))).toEqual([
    ...['0a00020f', 'ffffff00', '0a000202'],
    ...['0a00030f', 'ffffff00', '00000000'],
  ])
})

test('the first card with a gateway has the default route, and one without an address nothing', () => {
  const [one, two] = ['10.0.1.1/8', '10.0.1.2/30'].map((text) => parseCardAddress(text)!)
  const cards = [undefined, one, {...two, gateway: 0x0a000101}]
  expect(words(encodeCards(cards))).toEqual([
    ...['00000000', '00000000', '00000000'],
    ...['0a000101', 'ff000000', '00000000'],
    ...['0a000102', 'fffffffc', '0a000101'],
  ])
  expect(encodeCards([])).toHaveLength(0)
})

test('an interface of the host leads to the address beside its own; one that is absent to none', () => {
  expect(usualAddress('none-such', 0)).toBe(undefined)
  for (const [name, found] of Object.entries(networkInterfaces())) {
    const host = found?.find(({family}) => family === 'IPv4')
    const own = parseCardAddress(host?.cidr ?? '')
    if (own === undefined) continue
    const {address, prefix, gateway} = usualAddress(name, 0)!
    expect({prefix, gateway}).toEqual({prefix: own.prefix, gateway: own.address})
    expect(Math.abs(address - own.address)).toBe(1)
  }
})
