// SavedMmio: what a virtio device of a snapshot says of itself: the driver's side of its registers, and its model's state. It is untrusted.

import * as v from 'valibot'
import {badArgument, type HvError} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {DeviceModel} from './model.ts'
import {COMMON_FEATURES, REGISTER_BYTES, Status, VIRTIO_F_VERSION_1} from './registers.ts'

const word = takes.integer(0, 2 ** 32 - 1)
const counter = takes.integer(0, 0xffff)
const KNOWN_STATUS = Object.values(Status).reduce((all, bit) => all | bit, 0)
const MOST_DESCRIPTORS = 256

const savedQueue = takes.options({
  /** Registers by offset. */
  setup: v.pipe(
    takes.list(v.tuple([takes.integer(0, REGISTER_BYTES - 1), word], 'a register'), 'registers'),
    v.maxLength(16, 'fewer registers'),
  ),
  open: v.optional(
    takes.options({
      taken: counter,
      used: counter,
      heads: v.pipe(takes.list(counter, 'heads of chains'), v.maxLength(MOST_DESCRIPTORS, 'fewer chains')),
    }),
  ),
})

const savedMmio = takes.options({
  status: takes.integer(0, 255),
  interruptStatus: takes.integer(0, 3),
  /** Of its configuration. */
  generation: word,
  /** 64 bits in hexadecimal. */
  driverFeatures: takes.named(/^[0-9a-f]{1,16}$/, 'a hexadecimal number'),
  /** Features of the device, features of the driver, queue. */
  select: v.tuple([word, word, word], 'three numbers'),
  brokenBy: v.optional(takes.anyText),
  queues: takes.list(savedQueue, 'a list of queues'),
  model: takes.plainObject('an object'),
})

export type SavedMmio = v.InferOutput<typeof savedMmio>

/** @throws HvError BAD_ARGUMENT */
export function checkSaved(state: unknown, model: DeviceModel): SavedMmio {
  const saved = takes.checked(savedMmio, state, model.name)
  if (saved.queues.length !== model.queueSizes.length)
    throw misfit(model, `it has ${model.queueSizes.length} queues`)
  const {status} = saved
  const isOpen = saved.queues.some(({open}) => open !== undefined)
  if ((status & ~KNOWN_STATUS) !== 0) throw misfit(model, `no device has status ${status}`)
  // What a driver sets in this order (3.1.1).
  if (((status & Status.driverOk) !== 0 || isOpen) && (status & Status.featuresOk) === 0)
    throw misfit(model, `no device comes to status ${status}`)
  const features = BigInt(`0x${saved.driverFeatures}`)
  const isFine =
    (features & ~(model.features | COMMON_FEATURES)) === 0n && (features & VIRTIO_F_VERSION_1) !== 0n
  if ((status & Status.featuresOk) !== 0 && !isFine) throw misfit(model, 'it offers other features')
  return saved
}

/** A state that no device of this kind can have. */
export const misfit = ({name}: DeviceModel, why: string): HvError =>
  badArgument(`the state of ${name} does not fit it: ${why}`)
