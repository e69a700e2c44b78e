// findVmcoreinfo: it finds a kernel's note in its memory, and takes nothing else for one.

import {expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import {findVmcoreinfo} from '../../../../src/machine/debug/vmcoreinfo.ts'

const TEXT = 'OSRELEASE=6.12.1\nKERNELOFFSET=3e00000\n'
const PAGE = 4096
/** Two pieces with a hole between them; neither begins at a multiple of what is looked at together. */
const PIECES = [
  {address: 3 * PAGE, bytes: 1 << 20},
  {address: 1 << 24, bytes: 8 * PAGE},
]

interface Note {
  name?: string
  type?: number
  text?: string
  length?: number
}

/** @param at guest physical */
function find(at: number, {name = 'VMCOREINFO\0', type = 0, text = TEXT, length = text.length}: Note = {}) {
  const memory = new Map(PIECES.map(({address, bytes}) => [address, Buffer.alloc(bytes)]))
  const view = (address: number, bytes: number): Uint8Array => {
    const piece = PIECES.find(
      (each) => address >= each.address && address + bytes <= each.address + each.bytes,
    )
    if (piece === undefined) throw new HvError('MEMORY_RANGE', 'no memory')
    return memory.get(piece.address)!.subarray(address - piece.address, address - piece.address + bytes)
  }
  const header = Buffer.from(new Uint32Array([name.length, length, type]).buffer)
  const note = Buffer.concat([header, Buffer.from(name.padEnd(12, '\0')), Buffer.from(text)])
  const piece = PIECES.findLast(({address}) => address <= at)!
  note.copy(memory.get(piece.address)!, at - piece.address)
  const found = findVmcoreinfo({view: view as never}, PIECES)
  return found && Buffer.from(found).toString()
}

test.each([3 * PAGE, 100 * PAGE, (1 << 20) + 2 * PAGE, 1 << 24, (1 << 24) + 7 * PAGE])(
  'a note at 0x%x is found',
  (at) => expect(find(at)).toBe(TEXT),
)

test.each<[string, number, Note]>([
  ['not at the start of a page', 5 * PAGE + 64, {}],
  ['of another name', 5 * PAGE, {name: 'VMCOREINFX\0'}],
  ['of another type', 5 * PAGE, {type: 1}],
  ['with another text', 5 * PAGE, {text: 'no release'}],
  ['with no text', 5 * PAGE, {length: 0}],
  ['longer than any', 5 * PAGE, {length: 2 ** 31}],
  ['that ends behind memory', (1 << 24) + 7 * PAGE, {length: PAGE}],
])('a note %s is none', (_, at, note) => expect(find(at, note)).toBeUndefined())
