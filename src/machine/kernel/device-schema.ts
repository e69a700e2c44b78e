// What the library takes for the devices of a kernel's machine.

import {Duplex} from 'node:stream'
import * as v from 'valibot'
import * as takes from '../../options.ts'
import type {Device} from '../bus.ts'
import type {DeviceModel} from '../virtio/model.ts'

const perSecond = v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER))
const limits = {iops: perSecond, bytesPerSecond: perSecond}
const disk = takes.options({path: takes.path, readOnly: v.optional(takes.truth), ...limits})
const share = takes.options({
  ...{path: takes.path, tag: takes.text},
  ...{writable: v.optional(takes.truth), is9p: v.optional(takes.truth)},
})
const isDevice = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('place' in value || 'serve' in value)
const device = v.custom<Device | DeviceModel>(isDevice, 'a virtio device, or one of the bus')

export const disks = v.optional(takes.list(disk, 'a list'))
export const shares = v.optional(takes.list(share, 'a list'))
export const devices = v.optional(takes.list(device, 'a list'))

/** Of a network card, besides where its cable leads. */
export const CARD_FIELDS = limits

/** One network card, or several. */
export function networkOf<const Fields extends v.ObjectEntries>(fields: Fields) {
  const stream = takes.options({stream: v.instance(Duplex), ...fields})
  const tap = takes.options({tap: takes.text, ...fields})
  const card = takes.either([v.instance(Duplex), stream, tap], 'a Duplex, {stream} or {tap}')
  return v.optional(
    takes.either([card, takes.list(card, 'a list')], 'a Duplex, {stream} or {tap}, or a list of them'),
  )
}
