// What an owner knows of a sandbox's ports, from a sentry's answers in the order in which they come.

import {beforeEach, describe, expect, test} from 'vitest'
import {RemotePorts} from '../../../../../src/sandbox/owner/net/remote-ports.ts'
import type {PortsRequest} from '../../../../../src/sandbox/protocol/connection-messages.ts'

let requests: PortsRequest[]
let ports: RemotePorts
let told: number[]

beforeEach(() => {
  const sent: PortsRequest[] = []
  requests = sent
  told = []
  ports = new RemotePorts((request) => sent.push(request))
})

/** To the request that was sent as the `nth`. */
function answer(nth: number, version: number, ...listening: number[]): void {
  ports.answered({
    kind: 'ports',
    id: requests[nth].id,
    version,
    ports: listening.map((port) => ({protocol: 'tcp', address: '127.0.0.1', port, pid: port})),
  })
}

const watch = (): void => ports.watch(({port}) => told.push(port))
const wait = (port: number): Promise<unknown> => ports.waitFor(port, 60_000, undefined)
const nextRequest = (nth: number): Promise<void> =>
  expect.poll(() => requests.length, {interval: 5}).toBe(nth + 1)

describe('what is told of ports', () => {
  test('what listened before is not told, what begins to listen is, once', async () => {
    watch()
    answer(0, 1, 80)
    await nextRequest(1)
    expect(requests[1].known).toBe(1)
    answer(1, 2, 80, 81)
    await nextRequest(2)
    answer(2, 3, 81)
    expect(told).toEqual([81])
  })

  test('what waitForPort has seen is told, even if it is gone by the next list', async () => {
    watch()
    answer(0, 1)
    const waiting = wait(80)
    answer(1, 2, 80)
    await waiting
    expect(told).toEqual([80])
  })

  test('two answers that come together count in their order', async () => {
    const waiting = wait(80)
    answer(0, 1)
    await nextRequest(1)
    watch()
    answer(2, 1)
    answer(1, 2, 80)
    await waiting
    expect(told).toEqual([80])
  })

  test('an answer to an earlier question does not count as what listened before', async () => {
    const earlier = ports.list()
    watch()
    answer(0, 1)
    answer(1, 2, 80)
    await earlier
    expect(told).toEqual([])
  })
})
