// Where arm64's floating-point and vector registers lie in the addon's area, with and without SVE.

/** Where bytes of a register lie: native/arch/arm64/vcpu_state.cc has the order. */
export interface Place {
  offset: number
  length: number
  /** x86_64: the bit of XSTATE_BV that says that it is in use. */
  component: number
}

export type Places = ReadonlyMap<string, readonly Place[]>

const COUNT = 32
const PREDICATES = 16
const V_BYTES = 16
/** struct user_fpsimd_state. */
const FPSIMD_BYTES = 528
const SVE_PREFIX_BYTES = 8

/** @param areaBytes of the whole area */
export const arm64Places = (areaBytes: number): Places =>
  areaBytes === FPSIMD_BYTES ? FPSIMD : svePlaces(vectorBytesIn(areaBytes))

/** Of a Z register. The area has 32 of them, and 17 with a bit for each of its bytes. */
const vectorBytesIn = (areaBytes: number): number =>
  ((areaBytes - SVE_PREFIX_BYTES) * 8) / (COUNT * 8 + PREDICATES + 1)

const FPSIMD: Places = new Map([
  ...numbered('v', COUNT, 0, V_BYTES, V_BYTES),
  one('fpsr', 512, 4),
  one('fpcr', 516, 4),
])

/** V0 to V31 are the lower ends of Z0 to Z31. */
function svePlaces(bytes: number): Places {
  const predicates = SVE_PREFIX_BYTES + COUNT * bytes
  return new Map([
    ...numbered('v', COUNT, SVE_PREFIX_BYTES, bytes, V_BYTES),
    one('fpsr', 0, 4),
    one('fpcr', 4, 4),
    ...numbered('z', COUNT, SVE_PREFIX_BYTES, bytes, bytes),
    ...numbered('p', PREDICATES, predicates, bytes / 8, bytes / 8),
    one('ffr', predicates + PREDICATES * (bytes / 8), bytes / 8),
  ])
}

function one(name: string, offset: number, length: number): [string, readonly Place[]] {
  return [name, [{offset, length, component: 0}]]
}

function numbered(
  prefix: string,
  count: number,
  offset: number,
  distance: number,
  length: number,
): [string, readonly Place[]][] {
  return Array.from({length: count}, (_, index) =>
    one(`${prefix}${index}`, offset + index * distance, length),
  )
}
