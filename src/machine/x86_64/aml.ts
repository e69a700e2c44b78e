// Bytes of AML, the language of ACPI's DSDT: names devices and says where they are (ACPI 6.5, sections 6.4 and 20.2).

export type Bytes = readonly number[]

const ZERO = 0x00
const NAME = 0x08
const BYTE = 0x0a
const DWORD = 0x0c
const STRING = 0x0d
const SCOPE = 0x10
const BUFFER = 0x11
const PACKAGE = 0x12
const DEVICE = [0x5b, 0x82]

const ascii = (text: string): Bytes => [...Buffer.from(text, 'latin1')]
const little = (value: number, bytes: number): Bytes =>
  Array.from({length: bytes}, (_, index) => Math.floor(value / 256 ** index) % 256)

export const byte = (value: number): Bytes => [BYTE, value]
export const text = (value: string): Bytes => [STRING, ...ascii(value), ZERO]

/** `PNP0501`: three letters of five bits, four digits of four bits, from the highest bit down. */
export function eisaId(id: string): Bytes {
  const [first, second, third] = ascii(id).map((code) => code - 0x40)
  const letters = (first << 10) | (second << 5) | third
  const digits = Number.parseInt(id.slice(3), 16)
  return [DWORD, letters >> 8, letters % 256, digits >> 8, digits % 256]
}

/** @param path four letters; a leading `\` means from the root */
export const name = (path: string, value: Bytes): Bytes => [NAME, ...ascii(path), ...value]
export const list = (items: readonly Bytes[]): Bytes => [PACKAGE, ...sized([items.length, ...items.flat()])]
export const scope = (path: string, ...terms: Bytes[]): Bytes => [
  SCOPE,
  ...sized([...ascii(path), ...terms.flat()]),
]
export const device = (path: string, ...terms: Bytes[]): Bytes => [
  ...DEVICE,
  ...sized([...ascii(path), ...terms.flat()]),
]

/** _CRS: the resources that a device uses. */
export function resources(...descriptors: Bytes[]): Bytes {
  const END = [0x79, 0]
  const bytes = [...descriptors.flat(), ...END]
  return name('_CRS', [BUFFER, ...sized([...byte(bytes.length), ...bytes])])
}

export const ports = (first: number, length: number): Bytes => [
  ...[0x47, 1],
  ...little(first, 2),
  ...little(first, 2),
  ...[1, length],
]
export const memory = (first: number, length: number): Bytes => [
  ...[0x86, 9, 0, 1],
  ...little(first, 4),
  ...little(length, 4),
]
/** Active high; level-triggered without `edge`. */
export const interrupt = (gsi: number, {edge = false, shared = false}): Bytes => {
  const CONSUMER = 1
  return [0x89, 6, 0, CONSUMER | (edge ? 2 : 0) | (shared ? 8 : 0), 1, ...little(gsi, 4)]
}

/** PkgLength, which counts itself: one byte up to 63, else two. */
function sized(bytes: Bytes): Bytes {
  if (bytes.length + 1 < 0x40) return [bytes.length + 1, ...bytes]
  const length = bytes.length + 2
  if (length < 0x1000) return [0x40 | (length & 0xf), length >> 4, ...bytes]
  const longer = bytes.length + 3
  return [0x80 | (longer & 0xf), (longer >> 4) & 0xff, longer >> 12, ...bytes]
}
