// A flattened device tree (Devicetree Specification 0.4, section 5): what a kernel is told about its machine.

/** A cell is 32 bits; each string of a list ends with its NUL. */
export type PropertyValue = string | readonly string[] | readonly number[] | Uint8Array | true

export interface TreeNode {
  readonly properties?: Readonly<Record<string, PropertyValue>>
  /** By name, with the unit address: `memory@40000000`. */
  readonly children?: Readonly<Record<string, TreeNode>>
}

const MAGIC = 0xd00dfeed
const VERSION = 17
const LAST_COMPATIBLE = 16
const HEADER_BYTES = 40
/** One entry of zeros: nothing is reserved. */
const RESERVED_BYTES = 16
const BEGIN_NODE = 1
const END_NODE = 2
const PROPERTY = 3
const END = 9

/** An address or a size of 64 bits, as two cells. */
export const cells64 = (value: number): readonly [number, number] => [
  Math.floor(value / 2 ** 32),
  value % 2 ** 32,
]

export function flattened(root: TreeNode): Uint8Array {
  const names = new Names()
  const structure = Buffer.concat([...partsOf('', root, names), words(END)])
  const strings = names.bytes
  const structureAt = HEADER_BYTES + RESERVED_BYTES
  const stringsAt = structureAt + structure.length
  const header = words(
    ...[MAGIC, stringsAt + strings.length, structureAt, stringsAt, HEADER_BYTES, VERSION, LAST_COMPATIBLE],
    ...[0, strings.length, structure.length],
  )
  return Buffer.concat([header, new Uint8Array(RESERVED_BYTES), structure, strings])
}

function partsOf(name: string, {properties = {}, children = {}}: TreeNode, names: Names): Uint8Array[] {
  return [
    words(BEGIN_NODE),
    ...padded(terminated(name)),
    ...Object.entries(properties).flatMap(([key, value]) => {
      const bytes = bytesOf(value)
      return [words(PROPERTY, bytes.length, names.offsetOf(key)), ...padded(bytes)]
    }),
    ...Object.entries(children).flatMap(([key, child]) => partsOf(key, child, names)),
    words(END_NODE),
  ]
}

function bytesOf(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array()
  if (typeof value === 'string') return terminated(value)
  if (value instanceof Uint8Array) return value
  if (value.every((each) => typeof each === 'string')) return Buffer.concat(value.map(terminated))
  return words(...(value as readonly number[]))
}

const terminated = (text: string): Uint8Array => Buffer.from(`${text}\0`)
const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, new Uint8Array(-bytes.length & 3)]

/** Big-endian. */
function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}

/** Names of properties, each stored once. */
class Names {
  readonly #offsets = new Map<string, number>()
  #length = 0

  offsetOf(name: string): number {
    const known = this.#offsets.get(name)
    if (known !== undefined) return known
    const offset = this.#length
    this.#offsets.set(name, offset)
    this.#length += name.length + 1
    return offset
  }

  get bytes(): Uint8Array {
    return Buffer.concat([...this.#offsets.keys()].map(terminated))
  }
}
