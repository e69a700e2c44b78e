// Kinds of capget(2) and capset(2).

import {VERSION_1} from '../../../abi/capability.ts'
import {type Kinds, structIn} from '../kind.ts'
import {capabilitySet, capabilityVersion} from '../names/capabilities.ts'
import type {TracedCall} from '../traced-call.ts'

const HEADER_SIZE = 8
/** Three words per set; the first version has one set of 32, the others two. */
const SET_SIZE = 12

export const capabilities = {
  capheader: structIn(
    HEADER_SIZE,
    (view) => `{version=${capabilityVersion(view.getUint32(0, true))}, pid=${view.getInt32(4, true)}}`,
  ),
  capdata: {enter: showSets},
  capdata_out: {leave: showSets},
} satisfies Kinds

/** The header before it says how many words there are. */
function showSets(call: TracedCall, index: number): string {
  return call.follow(index, (address, memory) => {
    const words = memory.readUint32(call.address(index - 1)) === VERSION_1 ? 1 : 2
    const bits = (field: number): bigint => {
      const low = BigInt(memory.readUint32(address + 4 * field))
      return words === 1 ? low : low | (BigInt(memory.readUint32(address + SET_SIZE + 4 * field)) << 32n)
    }
    const fields = ['effective', 'permitted', 'inheritable'].map(
      (name, i) => `${name}=${capabilitySet(bits(i))}`,
    )
    return `{${fields.join(', ')}}`
  })
}
