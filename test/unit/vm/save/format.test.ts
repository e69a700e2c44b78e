// A saved VM's file is not trusted: each defect is a SAVE_INVALID that says what is wrong, and no mutant does harm.

import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import {type Description, decodeDescription, encode, PREFIX_BYTES} from '../../../../src/vm/save/format.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {counting} from '../../../helpers/counting-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {type Random, seededRandom} from '../../../helpers/mutate.ts'
import {codeOf, describeKvm, standingBefore} from '../../../helpers/vm.ts'

const SEED = 20261129
/** A bed asks for fewer. */
const MUTANTS = Number(process.env.HV_TEST_VMS ?? 400)

let folder: string
let file: string
let saved: Buffer
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-save-'))
  file = join(folder, 'mutant')
  const {vm} = standingBefore([...counting(guest.at + 0x4000)])
  using _ = vm
  vm.save(file)
  saved = readFileSync(file)
})
afterAll(() => rmSync(folder, {recursive: true}))

const restoring = (bytes: Uint8Array) => {
  writeFileSync(file, bytes)
  return () => Vm.restore(file)[Symbol.dispose]()
}

const descriptionEnd = () => PREFIX_BYTES + saved.readUInt32LE(12)
/** The file with another description before the same parts and memory. */
function described(change: (description: Description) => void): Uint8Array {
  const description = JSON.parse(saved.toString('utf8', PREFIX_BYTES, descriptionEnd()))
  change(description)
  return Buffer.concat([encode(description), saved.subarray(descriptionEnd())])
}
const withWord = (offset: number, value: number) => {
  const bytes = Buffer.from(saved)
  bytes.writeUInt32LE(value, offset)
  return bytes
}
/** Where the memory begins in the file. */
function memoryAt(): number {
  const {vcpus, parts} = decodeDescription(saved.subarray(PREFIX_BYTES, descriptionEnd()))
  const lengths = [...vcpus.map((vcpu) => vcpu.parts), parts].flatMap((each) => Object.values(each))
  return descriptionEnd() + lengths.reduce((sum, length) => sum + length, 0)
}

describeKvm('a saved VM is refused as SAVE_INVALID', () => {
  const defects: [string, () => Uint8Array, string][] = [
    ['that is empty', () => Buffer.alloc(0), 'ends too early'],
    ['that is something else', () => Buffer.from('#!/bin/sh\nexit 0\n\n\n'), 'no saved VM'],
    ['of another version', () => withWord(8, 2), 'version 2'],
    ['with a description of 4 GiB', () => withWord(12, 0xffffffff), 'description'],
    ['that ends within its description', () => saved.subarray(0, 40), 'ends too early'],
    ['that ends within a part', () => saved.subarray(0, descriptionEnd() + 10), 'ends too early'],
    ['that ends within its memory', () => saved.subarray(0, -20), 'ends too early'],
    ['that goes on behind its end', () => Buffer.concat([saved, Buffer.alloc(1)]), 'goes on'],
    ['with a description that is no JSON', () => withWord(16, 0), 'no JSON'],
    [
      'of another architecture',
      () => described((d) => (d.architecture = d.architecture === 'arm64' ? 'x86_64' : 'arm64')),
      'this host is',
    ],
    ['with an option that there is not', () => described((d) => Object.assign(d.options, {cpus: 1})), 'cpus'],
    ['without slots', () => described((d) => (d.slots = [])), 'slot'],
    ['with 65 slots', () => described((d) => (d.slots = Array(65).fill(d.slots[0]))), '64 at most'],
    ['with a slot over another', () => described((d) => d.slots.push(d.slots[0])), 'overlap'],
    ['with the same vCPU twice', () => described((d) => d.vcpus.push(d.vcpus[0])), 'out of order'],
    ['with a million vCPUs', () => described((d) => (d.vcpus[0].id = 1e6)), '4095'],
    [
      'with a part of a terabyte',
      () => described((d) => (d.vcpus[0].parts['mp-state'] = 2 ** 40)),
      'whole number',
    ],
    [
      'with a part less than none',
      () => described((d) => (d.vcpus[0].parts['mp-state'] = -4)),
      'whole number',
    ],
    ['with memory of a slot that there is not', () => withWord(memoryAt(), 7), 'slot 7'],
    ['with memory of no bytes', () => withWord(memoryAt() + 4, 0), '0 bytes'],
    ['with memory of half a block', () => withWord(memoryAt() + 4, 2048), '2048 bytes'],
    ['with memory beyond its slot', () => withWord(memoryAt() + 12, 0xffffffff), 'offset'],
    [
      'with the same memory twice',
      () => {
        const length = 16 + saved.readUInt32LE(memoryAt() + 4)
        const piece = saved.subarray(memoryAt(), memoryAt() + length)
        return Buffer.concat([saved.subarray(0, memoryAt()), piece, saved.subarray(memoryAt())])
      },
      'out of order',
    ],
  ]
  test.each(defects)('%s', (_, make, says) => {
    const restore = restoring(make())
    expect(codeOf(restore)).toBe('SAVE_INVALID')
    expect(restore).toThrow(says)
  })

  test('that is a folder, and not at all when it is missing', () => {
    expect(['FILE_FAILED', 'SAVE_INVALID']).toContain(codeOf(() => Vm.restore(folder)))
    expect(codeOf(() => Vm.restore(join(folder, 'nothing')))).toBe('FILE_FAILED')
    expect(codeOf(() => Vm.restore(undefined as never))).toBe('BAD_ARGUMENT')
  })
})

/** Makes one to four changes: a byte, a number of the description, a cut, a repeated piece. */
function mutantOf(random: Random): Uint8Array {
  let bytes = Buffer.from(saved)
  for (let i = 0; i <= random(4); i++) {
    const at = random(random(2) === 0 ? bytes.length : Math.min(bytes.length, memoryAt()))
    const kind = random(8)
    if (kind < 4) bytes[at] ^= 1 << random(8)
    else if (kind < 6) bytes = replaceNumber(bytes, random)
    else if (kind === 6) bytes = bytes.subarray(0, at)
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))])
    if (bytes.length === 0) return bytes
  }
  return bytes
}

const NUMBERS = [
  '-1',
  '0',
  '1',
  '63',
  '4095',
  '4097',
  '65536',
  '3221225472',
  '1099511627776',
  '1e308',
  '0.5',
  'null',
]

function replaceNumber(bytes: Buffer, random: Random): Buffer<ArrayBuffer> {
  const end = Math.min(bytes.length, descriptionEnd())
  const text = bytes.toString('latin1', PREFIX_BYTES, end)
  const found = [...text.matchAll(/:(\d+)/g)]
  if (found.length === 0) return Buffer.from(bytes)
  const {index, 1: number} = found[random(found.length)]
  const changed = `${text.slice(0, index + 1)}${NUMBERS[random(NUMBERS.length)]}${text.slice(index + 1 + number.length)}`
  const all = Buffer.concat([
    bytes.subarray(0, PREFIX_BYTES),
    Buffer.from(changed, 'latin1'),
    bytes.subarray(end),
  ])
  if (all.length >= PREFIX_BYTES) all.writeUInt32LE(changed.length, 12)
  return all
}

describeKvm(`of ${MUTANTS} mutants of a saved VM`, () => {
  test(`each is restored and runs, or is refused (seed ${SEED})`, async () => {
    const outcomes = {refused: 0, ran: 0}
    for (let index = 0; index < MUTANTS; index++) {
      writeFileSync(file, mutantOf(seededRandom(SEED + index)))
      try {
        using vm = Vm.restore(file)
        outcomes.ran++
        const [vcpu] = vm.vcpus
        if (index % 4 === 0) await vcpu?.runAsync(AbortSignal.timeout(2))
      } catch (error) {
        expect(error, `mutant ${index}`).toBeInstanceOf(HvError)
        outcomes.refused++
      }
    }
    expect(outcomes.refused).toBeGreaterThan(MUTANTS / 4)
    expect(outcomes.ran).toBeGreaterThan(0)
  })
})
