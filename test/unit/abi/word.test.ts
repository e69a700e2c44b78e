// 64-bit words as numbers: exact at both ends, out of every range between them.

import {describe, expect, test} from 'vitest'
import {EXACT_END, LAST_OFFSET, signedWord, unsignedWord, WORD_END} from '../../../src/abi/word.ts'

const halves = (word: bigint): [number, number] => [
  Number(BigInt.asIntN(32, word)),
  Number(BigInt.asIntN(32, word >> 32n)),
]
const unsigned = (word: bigint) => unsignedWord(...halves(word))
const signed = (word: bigint) => signedWord(...halves(word))

describe('an unsigned word', () => {
  test.for([0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 47n - 1n, 2n ** 52n - 1n])('%i is itself', (word) => {
    expect(unsigned(word)).toBe(Number(word))
  })

  test.for([1n, 22n, 4096n, 2n ** 32n, 2n ** 52n])('is %i from the end, here as there', (distance) => {
    expect(unsigned(2n ** 64n - distance)).toBe(WORD_END - Number(distance))
  })

  test.for([2n ** 52n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n ** 52n - 1n])(
    '%i is beyond every range, at its place in its page',
    (word) => {
      expect(unsigned(word)).toBe(EXACT_END + Number(word & 4095n))
    },
  )

  test('sums reach the end exactly where they wrap', () => {
    const start = 2n ** 40n + 4096n
    expect(unsigned(start) + unsigned(-start)).toBe(WORD_END)
    expect(unsigned(start) + unsigned(-start - 1n)).toBe(WORD_END - 1)
  })
})

describe('a signed word', () => {
  test.for([0n, 1n, -1n, 2n ** 52n - 1n, -(2n ** 52n), -4096n])('%i is itself', (word) => {
    expect(signed(word)).toBe(Number(word))
  })

  test('the last offset is the last here', () => {
    expect(signed(2n ** 63n - 1n)).toBe(LAST_OFFSET)
    expect(signed(2n ** 63n - 4096n)).toBe(LAST_OFFSET - 4095)
  })

  test('what lies between is beyond every range, on its side of zero', () => {
    expect(signed(2n ** 62n + 5n)).toBe(EXACT_END + 5)
    expect(signed(-(2n ** 63n))).toBeLessThan(-EXACT_END)
  })
})
