// VirtioConsole: the machine's streams as a console.

import {PassThrough} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test, vi} from 'vitest'
import {MachineInput, MachineOutput} from '../../../../src/machine/console/streams.ts'
import {VirtioConsole} from '../../../../src/machine/devices/virtio-console.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

function makeConsole() {
  const stdin = new PassThrough()
  const opened = {isOpened: false}
  const input = new MachineInput(() => {
    opened.isOpened = true
    return stdin
  })
  const taken: Uint8Array[] = []
  const output = new MachineOutput((bytes) => taken.push(bytes) && bytes.length)
  const driver = new VirtioDriver(new VirtioConsole(input, output))
  const text = async () => {
    await output.flush()
    return Buffer.concat(taken).toString()
  }
  return {stdin, opened, output, driver, text}
}

test('what the driver sends is put out, in order', async () => {
  const {driver, text} = makeConsole()
  const [, toHost] = driver.begin().queues
  await Promise.all([
    toHost.request([Buffer.from('one '), Buffer.from('two ')]),
    toHost.request([Buffer.from('three')]),
  ])
  expect(await text()).toBe('one two three')
})

test('input goes into the room that there is, and what is left into the next', async () => {
  const {stdin, opened, driver} = makeConsole()
  // A kernel without a driver wants none.
  expect(opened.isOpened).toBe(false)
  const [toGuest, toHost] = driver.begin().queues
  const first = toGuest.request([], [4])
  await nextTurn()
  expect(opened.isOpened).toBe(false)
  await toHost.request([Buffer.from('$ ')])
  await nextTurn()
  expect(opened.isOpened).toBe(true)
  stdin.write('keys that come')
  expect(await first).toMatchObject({written: 4})
  const {bytes, written} = await toGuest.request([], [64])
  expect(Buffer.from(bytes).toString('latin1', 0, written)).toBe(' that come')
})

test('a driver that sends nothing has its input a second later, and after a reset again', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  try {
    const {stdin, driver} = makeConsole()
    stdin.write('key')
    for (let times = 0; times < 2; times++) {
      const [toGuest] = driver.begin().queues
      let written = -1
      const request = toGuest.request([], [1]).then((done) => {
        written = done.written
      })
      vi.advanceTimersByTime(999)
      await nextTurn()
      await nextTurn()
      expect(written).toBe(-1)
      vi.advanceTimersByTime(1)
      await request
      expect(written).toBe(1)
    }
  } finally {
    vi.useRealTimers()
  }
})

test('output beyond what its reader takes waits in the guest', async () => {
  const {driver, output, text} = makeConsole()
  const [, toHost] = driver.begin().queues
  const part = new Uint8Array(1 << 15).fill(65)
  let done = 0
  const requests = Array.from({length: 8}, () => toHost.request([part]).then(() => done++))
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect([done, output.length]).toEqual([3, 3 << 15])
  while (done < 8) {
    await output.flush()
    await nextTurn()
  }
  await Promise.all(requests)
  expect((await text()).length).toBe(8 << 15)
})

test('a chain of more than 64 KiB breaks the device', async () => {
  const {driver, text} = makeConsole()
  const [, toHost] = driver.begin().queues
  void toHost.request([new Uint8Array((1 << 16) + 1)])
  await nextTurn()
  await nextTurn()
  expect(driver.device.brokenBy).toBeDefined()
  expect(await text()).toBe('')
})
