// InFlight: sockets that only messages hold are released, at once or soon, and cost nothing afterwards.

import {describe, expect, test, vi} from 'vitest'
import {NO_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {ENOBUFS, Errno, ETOOMANYREFS} from '../../../../src/abi/errno.ts'
import {Budget, COST} from '../../../../src/vfs/budget.ts'
import {Sockets} from './sockets.ts'

const BYTE = Uint8Array.of(1)

/** A socket that is in flight to itself. */
function selfCycle(sockets: Sockets): void {
  const [a, b] = sockets.pair()
  sockets.send(a, BYTE, b)
  sockets.close(a, b)
}

describe('a cycle of sockets in flight', () => {
  test('is gone with its last descriptor', () => {
    const sockets = new Sockets()
    for (let i = 0; i < 1000; i++) selfCycle(sockets)
    expect(sockets.family.inFlight.count).toBe(0)
    expect(sockets.budget.used).toBe(0)
  })

  test('of two that wait at each other is gone, too', () => {
    const sockets = new Sockets()
    const [a, b] = sockets.pair()
    sockets.send(a, BYTE, a)
    sockets.send(b, BYTE, b)
    sockets.close(a)
    expect(sockets.family.inFlight.count).toBe(2)
    sockets.close(b)
    expect(sockets.family.inFlight.count).toBe(0)
    expect(sockets.budget.used).toBe(0)
  })

  test('stays while a socket that leads there is open', () => {
    const sockets = new Sockets()
    const [outside, inside] = sockets.pair()
    const [a, b] = sockets.pair()
    sockets.send(a, BYTE, b)
    sockets.send(outside, BYTE, a, b)
    sockets.close(a, b)
    expect(sockets.family.inFlight.count).toBe(3)
    sockets.family.inFlight.collect()
    expect(sockets.family.inFlight.count).toBe(3)
    sockets.close(outside, inside)
    expect(sockets.budget.used).toBe(0)
  })

  test('does not last long where much is in flight for good reason', () => {
    const sockets = new Sockets()
    const [a, b] = sockets.pair()
    for (let i = 0; i < 150; i++) {
      const live = sockets.pair()
      sockets.send(a, BYTE, ...live)
      sockets.close(...live)
    }
    for (let i = 0; i < 1000; i++) selfCycle(sockets)
    // Collections are far apart, but no farther than this.
    expect(sockets.family.inFlight.count).toBeLessThan(300 + 100)
    sockets.close(a, b)
    expect(sockets.budget.used).toBe(0)
  })
})

describe('descriptors in messages', () => {
  test('end in a row of any length, without recursion', () => {
    const sockets = new Sockets()
    const collected = vi.spyOn(sockets.family.inFlight, 'collect')
    let [end, inner] = sockets.pair()
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = sockets.pair()
      sockets.send(a, BYTE, inner)
      sockets.close(a, inner)
      inner = b
    }
    sockets.close(inner, end)
    end = -1
    expect(sockets.budget.used).toBe(0)
    // Each looks at all that is in flight.
    expect(collected.mock.calls.length).toBeLessThan(200)
  })

  test('are as many as may be open, for who is not privileged', () => {
    const sockets = new Sockets()
    const [a, b] = sockets.pair()
    const sender = {user: 7, limit: 4, capabilities: NO_CAPABILITIES}
    const {inFlight} = sockets.family
    const five = Array(5).fill(sockets.description(a))
    const rights = inFlight.send(five, sockets.socket(b), sender)
    expect(() => inFlight.send(five, sockets.socket(b), sender)).toThrow(new Errno(ETOOMANYREFS))
    inFlight.release(rights)
    expect(() => inFlight.send(five, sockets.socket(b), sender)).not.toThrow()
  })

  test('that the budget refuses leave nothing behind', () => {
    const sockets = new Sockets(
      new Budget(2 * (COST.socket + COST.file + COST.descriptor) + COST.socketMessage),
    )
    const [a] = sockets.pair()
    const before = sockets.budget.used
    expect(() => sockets.send(a, new Uint8Array(8))).toThrow(new Errno(ENOBUFS))
    expect(() => sockets.send(a, new Uint8Array(0), a)).toThrow(new Errno(ETOOMANYREFS))
    expect(sockets.budget.used).toBe(before)
    expect(sockets.family.inFlight.count).toBe(0)
    expect(sockets.socket(a).sentCost).toBe(0)
  })
})
