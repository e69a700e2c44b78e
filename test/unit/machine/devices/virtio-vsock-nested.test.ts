// VirtioVsock: what a stream's listeners do while the device is busy with a packet from the guest.

import {expect, test} from 'vitest'
import {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {NO_SEND, Op} from '../../../../src/machine/devices/vsock-packet.ts'
import {settle} from '../../../helpers/settle.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'
import {GuestSockets, type Heard} from '../../../helpers/virtio-guest-sockets.ts'

const GUEST_PORT = 77

/** The guest has yet to answer. */
async function asked() {
  const vsock = new VirtioVsock()
  const driver = new VirtioDriver(vsock).begin()
  const guest = new GuestSockets(driver)
  const stream = vsock.connect(GUEST_PORT)
  const {sourcePort} = await guest.next()
  const send = (op: number, more?: Partial<Heard>) => guest.send(sourcePort, GUEST_PORT, op, more)
  return {driver, guest, stream, send}
}

const opsOf = ({heard}: GuestSockets): number[] => heard.map(({op}) => op)

test('what is written goes out before the call ends', async () => {
  const {driver, guest, stream, send} = await asked()
  await send(Op.response)
  await settle()
  const before = driver.line.raises
  stream.write('one')
  expect(driver.line.raises).toBe(before + 1)
  await settle()
  expect(opsOf(guest)).toEqual([Op.data])
})

test('a stream that ends when it is connected says so once', async () => {
  const {guest, stream, send} = await asked()
  stream.on('connect', () => stream.end())
  await send(Op.response)
  await settle()
  expect(guest.heard.map(({op, flags}) => [op, flags])).toEqual([[Op.shutdown, NO_SEND]])
})

test('a stream that is destroyed when its bytes have gone is reset once', async () => {
  const {guest, stream, send} = await asked()
  await send(Op.response, {bufferBytes: 0})
  stream.write('one', () => stream.destroy())
  await settle()
  expect(opsOf(guest)).toEqual([Op.creditRequest])
  await send(Op.creditUpdate)
  await settle()
  expect(opsOf(guest)).toEqual([Op.creditRequest, Op.data, Op.reset])
})
