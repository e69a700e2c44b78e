// KvmContext: a call stays as it was at its trap, whatever is written to the frame while it is answered.

import {expect, test} from 'vitest'
import {KvmContext} from '../../../src/platform/kvm/context.ts'
import {PAGE_SIZE} from '../../../src/platform/platform.ts'
import {ARGUMENTS, NUMBER} from '../../../src/platform/trap-words.ts'
import {FrameArguments} from '../../../src/sentry/core/frame-arguments.ts'

const cpus = {take: () => undefined, newFpState: new Uint8Array()}

function trappedContext(number: number, ...args: bigint[]) {
  const supervisor = new ArrayBuffer(PAGE_SIZE)
  const frame = new Int32Array(supervisor)
  frame[NUMBER] = number
  new BigInt64Array(supervisor, ARGUMENTS * 4).set(args)
  const context = new KvmContext(cpus, 2 ** 47, () => {})
  context.takeCall(frame)
  return {context, frame}
}

test('a writer of the frame changes neither number nor arguments of the call that is being answered', () => {
  const {context, frame} = trappedContext(9, 1n, -2n, 3n, 4n, 5n, -6n)
  const args = new FrameArguments(context.argumentWords)
  frame.fill(7)
  expect(context.callNumber).toBe(9)
  expect([0, 1, 2, 3, 4, 5].map((index) => BigInt.asIntN(64, args.raw(index)))).toEqual([
    1n,
    -2n,
    3n,
    4n,
    5n,
    -6n,
  ])
})

test('the next trap brings the next call', () => {
  const {context, frame} = trappedContext(9, 1n)
  frame[NUMBER] = 10
  frame[ARGUMENTS] = 2
  context.takeCall(frame)
  expect(context.callNumber).toBe(10)
  expect(context.argumentWords[0]).toBe(2)
})
