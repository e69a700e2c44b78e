// The format of a saved VM, which README.md of src/vm describes. A file's content is untrusted: it is checked here.

import * as v from 'valibot'
import {HvError, printable} from '../../errors.ts'
import * as takes from '../../options.ts'
import {cpuFeatures} from '../cpu-features.ts'
import {hugePages} from '../huge-pages.ts'
import {anyIrqchip} from '../vm-options.ts'

/** The first byte is never in text; the last one changes when line ends are converted. */
export const MAGIC: Uint8Array = Uint8Array.of(0x89, 0x68, 0x76, 0x73, 0x61, 0x76, 0x65, 0x0a)
export const VERSION = 1
/** Magic, version, length of the description. */
export const PREFIX_BYTES = 16
export const DESCRIPTION_MAX = 2 ** 20
/** Memory is saved in pieces of whole blocks of this size; blocks of zeros are left out. */
export const BLOCK_BYTES = 4096
export const PIECE_MAX = 2 ** 20
/** Slot, length, offset (64 bits). */
export const PIECE_PREFIX_BYTES = 16
/** In place of a slot: no piece follows. */
export const END = 0xffffffff

const VCPUS_MAX = 4096
const SLOTS_MAX = 64
const PART_MAX = 2 ** 24

const whole = takes.integer(0, Number.MAX_SAFE_INTEGER)
const lengths = takes.record(v.string('a name'), takes.integer(1, PART_MAX), 'an object of lengths')
const upTo = <Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(takes.list(item, 'an array'), v.maxLength(max, `${max} at most`))

const savedSlot = takes.options({
  address: whole,
  bytes: whole,
  readOnly: takes.truth,
  logsDirty: takes.truth,
  hugePages,
  guestMemfd: v.optional(takes.truth, false),
})
const savedVcpu = takes.options({
  id: takes.integer(0, VCPUS_MAX - 1),
  startsOff: takes.truth,
  parts: lengths,
})

const description = takes.options({
  architecture: takes.oneOf(['x86_64', 'arm64']),
  options: takes.options({
    memoryBytes: whole,
    memoryBase: whole,
    ipaBits: takes.integer(0, 64),
    nested: takes.truth,
    features: v.optional(cpuFeatures, {}),
    irqchip: anyIrqchip,
    hugePages: v.optional(hugePages, false),
    logsDirty: v.optional(takes.truth, false),
    dirtyRing: v.optional(whole, 0),
    guestMemfd: v.optional(takes.truth, false),
  }),
  // The VM's memory: the first slot is the one in `options`.
  slots: upTo(savedSlot, SLOTS_MAX),
  vcpus: upTo(savedVcpu, VCPUS_MAX),
  // All memory is in another file, slot after slot; no piece follows here.
  memoryApart: v.optional(takes.truth, false),
  // Lengths in bytes, in the order of the parts in the file.
  parts: lengths,
})

export type Description = v.InferOutput<typeof description>
export type SavedSlot = v.InferOutput<typeof savedSlot>
export type SavedVcpu = v.InferOutput<typeof savedVcpu>

/** Magic, version, length, and the description in JSON. */
export function encode(described: Description): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(described))
  const bytes = new Uint8Array(PREFIX_BYTES + json.length)
  bytes.set(MAGIC)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, json.length, true)
  bytes.set(json, PREFIX_BYTES)
  return bytes
}

/** @returns the length of the description. @throws HvError SAVE_INVALID */
export function decodePrefix(bytes: Uint8Array): number {
  if (MAGIC.some((byte, index) => bytes[index] !== byte))
    throw invalid('it is no saved VM', 'give what `save` wrote')
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [version, length] = [view.getUint32(8, true), view.getUint32(12, true)]
  if (version !== VERSION) {
    throw invalid(`it is of version ${version}, and this hv reads ${VERSION}`, 'use the hv that wrote it')
  }
  if (length > DESCRIPTION_MAX)
    throw invalid(`its description has ${length} bytes, ${DESCRIPTION_MAX} at most`)
  return length
}

/** @throws HvError SAVE_INVALID */
export function decodeDescription(json: Uint8Array): Description {
  try {
    const described = takes.checked(description, JSON.parse(new TextDecoder().decode(json)), 'description')
    checkOrder(described)
    return described
  } catch (cause) {
    if (cause instanceof HvError) throw invalid(cause.message, cause.nextStep, {cause})
    throw invalid('its description is no JSON', '', {cause})
  }
}

function checkOrder({slots, vcpus, options}: Description): void {
  if (slots[0]?.address !== options.memoryBase || slots[0].bytes !== options.memoryBytes) {
    throw invalid('its first memory slot is not the memory of its options')
  }
  if (vcpus.some(({id}, index) => index > 0 && id <= vcpus[index - 1].id)) {
    throw invalid('its vCPUs are out of order')
  }
}

export interface Piece {
  slot: number
  offset: number
  length: number
}

export function encodePiece({slot, offset, length}: Piece): Uint8Array {
  const bytes = new Uint8Array(PIECE_PREFIX_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, slot, true)
  view.setUint32(4, length, true)
  view.setBigUint64(8, BigInt(offset), true)
  return bytes
}

/** @param before the previous piece: pieces are in order. @throws HvError SAVE_INVALID */
export function decodePiece(
  bytes: Uint8Array,
  slots: readonly SavedSlot[],
  before: Piece,
): Piece | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [slot, length, offset] = [
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getBigUint64(8, true),
  ]
  if (slot === END) return undefined
  if (slot >= slots.length) throw invalid(`it has memory of slot ${slot}, and ${slots.length} slots`)
  const {bytes: size} = slots[slot]
  const isWhole = length > 0 && length <= PIECE_MAX && length % BLOCK_BYTES === 0
  if (!isWhole || offset % BigInt(BLOCK_BYTES) !== 0n || offset + BigInt(length) > BigInt(size)) {
    throw invalid(
      `it has ${length} bytes of memory for offset ${offset} of slot ${slot}, which has ${size} bytes`,
    )
  }
  const isBehind =
    slot > before.slot || (slot === before.slot && Number(offset) >= before.offset + before.length)
  if (!isBehind) throw invalid(`its memory is out of order at offset ${offset} of slot ${slot}`)
  return {slot, length, offset: Number(offset)}
}

/** A defect of a saved VM. */
export function invalid(defect: string, nextStep = 'save it again', options: ErrorOptions = {}): HvError {
  return new HvError(
    'SAVE_INVALID',
    `the saved VM cannot be restored: ${printable(defect)}`,
    nextStep,
    options,
  )
}
