// 10,000 mutants of programs for hv inspect: an answer, or one line of refusal.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {ElfError} from '../../src/elf/elf-error.ts'
import {formatInspection} from '../../src/inspect/format.ts'
import {inspectFile} from '../../src/inspect/inspect.ts'
import {ProgramTree} from '../../src/inspect/tree.ts'
import {bytesReader} from '../helpers/bytes-reader.ts'
import {mutants, type Random, seededRandom} from '../helpers/mutate.ts'

const SEED = 20_261_126
const MUTANTS_EACH = 5000
const E_SHOFF = 40
const SHDR_BYTES = 64
/** e_shoff and the fields after e_phnum. */
const SECTION_FIELDS = [40, 58, 60, 62]

/** mutate.ts changes only the headers that loading needs: one in three mutants is also damaged here or in the section headers. */
function damage(bytes: Uint8Array, random: Random): void {
  if (bytes.length < SHDR_BYTES || random(3) > 0) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = Number(view.getBigUint64(E_SHOFF, true))
  const at = random(2) === 0 ? SECTION_FIELDS[random(4)] : table + random(30 * SHDR_BYTES)
  if (at + 8 <= bytes.length) view.setBigUint64(at, BigInt(random(2 ** 31)) << BigInt(random(64)), true)
}

test.each(['/bin/true', '/bin/busybox'])('%s: every mutant gives an answer or one line', (program) => {
  using tree = new ProgramTree('/')
  const outcomes = {answers: 0, refusals: 0}
  for (const {index, description, bytes} of mutants(readFileSync(program), SEED, MUTANTS_EACH)) {
    damage(bytes, seededRandom(index))
    try {
      const file = {path: program, treePath: program, reader: bytesReader(bytes), tree}
      const text = formatInspection(inspectFile(file, undefined))
      expect(text).toMatch(/\n(To run it|It does not run here): .+\n(If it lacks files .+\n)?$/)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's commands must not be among it
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
      outcomes.answers++
    } catch (error) {
      if (!(error instanceof ElfError))
        throw new Error(`mutant ${index} (${description}): ${error}`, {cause: error})
      expect(`${error.message}; ${error.nextStep}`).toMatch(/^[^\n]+; [^\n]+$/)
      outcomes.refusals++
    }
  }
  expect(outcomes.answers).toBeGreaterThan(MUTANTS_EACH / 20)
  expect(outcomes.refusals).toBeGreaterThan(MUTANTS_EACH / 20)
})
