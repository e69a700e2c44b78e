// Where x86_64's floating-point and vector registers lie in the addon's area: XSAVE's, in standard format (SDM vol. 1, 13.4, 13.5).

import {addon} from '../addon.ts'
import type {Place, Places} from './arm64-vectors.ts'

/** Where Linux says which components the area has: bytes that XSAVE leaves to software. */
const COMPONENTS_AT = 464
export const XSTATE_BV = 512
const [X87, SSE, AVX, OPMASK, ZMM_HIGH, HIGH_ZMM, PKRU, TILE_CONFIG, TILES] = [0, 1, 2, 5, 6, 7, 9, 17, 18]
const [TILE_COUNT, TILE_BYTES, TILE_CONFIG_BYTES] = [8, 1024, 64]

const count = (length: number, from = 0): number[] => Array.from({length}, (_, index) => from + index)
const x87 = (offset: number, length: number): Place => ({offset, length, component: X87})
const sse = (index: number): Place => ({offset: 160 + 16 * index, length: 16, component: SSE})

/** The last area's, its length, and the components that the host has. */
let known: {components: number; length: number; places: Places} | undefined

export function x86Places(area: Uint8Array): Places {
  const components = new DataView(area.buffer, area.byteOffset).getUint32(COMPONENTS_AT, true)
  const {length} = area
  if (known?.components !== components || known.length !== length)
    known = {components, length, places: placesOf(components, length)}
  return known.places
}

function placesOf(components: number, areaBytes: number): Places {
  const offsets = addon.vectorOffsets()
  const has = (component: number): boolean => ((components >>> component) & 1) === 1 && offsets[component] > 0
  const part =
    (component: number, distance: number, length = distance) =>
    (index: number): Place => ({offset: offsets[component] + distance * index, length, component})
  const rows: [string, readonly Place[]][] = [
    ['fcw', [x87(0, 2)]],
    ['fsw', [x87(2, 2)]],
    ['mxcsr', [{offset: 24, length: 4, component: SSE}]],
    ...count(8).map((i): [string, Place[]] => [`st${i}`, [x87(32 + 16 * i, 10)]]),
    ...count(16).map((i): [string, Place[]] => [`xmm${i}`, [sse(i)]]),
  ]
  const add = (name: string, indexes: number[], of: (index: number) => Place[]): void => {
    for (const index of indexes) rows.push([`${name}${index}`, of(index)])
  }
  if (has(AVX)) add('ymm', count(16), (i) => [sse(i), part(AVX, 16)(i)])
  if (has(AVX) && has(OPMASK) && has(ZMM_HIGH) && has(HIGH_ZMM)) {
    add('zmm', count(16), (i) => [sse(i), part(AVX, 16)(i), part(ZMM_HIGH, 32)(i)])
    add('zmm', count(16, 16), (i) => [part(HIGH_ZMM, 64)(i - 16)])
    add('ymm', count(16, 16), (i) => [part(HIGH_ZMM, 64, 32)(i - 16)])
    add('xmm', count(16, 16), (i) => [part(HIGH_ZMM, 64, 16)(i - 16)])
    add('k', count(8), (i) => [part(OPMASK, 8)(i)])
  }
  if (has(PKRU)) rows.push(['pkru', [part(PKRU, 4)(0)]])
  // The host has them, and the VM only where the area has room.
  if (has(TILES) && offsets[TILES] + TILE_COUNT * TILE_BYTES <= areaBytes) {
    rows.push(['tilecfg', [part(TILE_CONFIG, TILE_CONFIG_BYTES)(0)]])
    add('tmm', count(TILE_COUNT), (i) => [part(TILES, TILE_BYTES)(i)])
  }
  return new Map(rows)
}
