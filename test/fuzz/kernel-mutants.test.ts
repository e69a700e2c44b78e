// 8,000 mutants of kernels for x86_64, a bzImage, an ELF file and two of Multiboot: loaded into memory, or refused in one line.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {cache} from '../../ci/paths.mjs'
import {HvError} from '../../src/errors.ts'
import {loadKernel} from '../helpers/loaded-kernel.ts'
import {KERNEL_AT, multibootElf, multibootFlat} from '../helpers/multiboot.ts'
import {mutants, seededRandom} from '../helpers/mutate.ts'
import {makeVmlinux} from '../helpers/vmlinux.ts'

const SEED = 20_261_129
const MUTANTS_EACH = 2000
const MEMORY_BYTES = 2 ** 26
const MIB = 2 ** 20
/** A bzImage's setup header, as far as hv reads it. */
const HEADER = {from: 0x1f0, to: 0x268}
const initrd = new Uint8Array(10_000)

const vmlinux = makeVmlinux({
  segments: [
    {address: 16 * MIB, bytes: Buffer.alloc(20_000, 1), memoryBytes: MIB},
    {address: 18 * MIB, bytes: Buffer.alloc(9000, 2)},
    {address: 20 * MIB, bytes: Buffer.alloc(5000, 3), memoryBytes: 2 * MIB},
    {address: 0, type: 4, bytes: Buffer.alloc(100)},
  ],
  entry: 16 * MIB + 64,
})

/** Mutants of a bzImage, for which mutate.ts, made for ELF files, does not serve. */
function* bzImages(): Generator<{description: string; bytes: Uint8Array}> {
  const original = readFileSync(`${cache}/guests/x86_64/bare-kernel-echo.bin`)
  for (let index = 0; index < MUTANTS_EACH; index++) {
    const random = seededRandom(SEED + index)
    const bytes = new Uint8Array(original)
    for (let changes = random(3); changes >= 0; changes--) {
      const at = HEADER.from + random(HEADER.to - HEADER.from)
      bytes[at] = [0, 1, 0x7f, 0xff, random(256)][random(5)]
    }
    const end = random(8) === 0 ? random(bytes.length + 1) : bytes.length
    yield {description: `${index}`, bytes: bytes.subarray(0, end)}
  }
}

/** Mutants of a small file, with a magic and a checksum that are right. */
function* multiboots(original: Buffer): Generator<{description: string; bytes: Uint8Array}> {
  const magicAt = original.indexOf(Buffer.from([0x02, 0xb0, 0xad, 0x1b]))
  for (let index = 0; index < MUTANTS_EACH; index++) {
    const random = seededRandom(SEED + index)
    const bytes = Buffer.from(original)
    for (let changes = random(3); changes >= 0; changes--) {
      bytes[random(bytes.length)] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)]
    }
    // Its loader would not know it as Multiboot's.
    bytes.writeUInt32LE(0x1badb002, magicAt)
    bytes.writeInt32LE(-(0x1badb002 + bytes.readInt32LE(magicAt + 4)) | 0, magicAt + 8)
    const end = random(8) === 0 ? magicAt + 12 + random(bytes.length - magicAt - 11) : bytes.length
    yield {description: `${index}`, bytes: bytes.subarray(0, end)}
  }
}

const addresses = [KERNEL_AT, KERNEL_AT, 0, KERNEL_AT + 0x5000, KERNEL_AT + 32]

test.each([
  ['bzImage', bzImages],
  ['Multiboot, ELF', () => multiboots(multibootElf())],
  ['Multiboot, with addresses', () => multiboots(multibootFlat(addresses))],
  ['vmlinux', () => mutants(vmlinux, SEED, MUTANTS_EACH)],
] as const)('%s: no mutant leaves its memory, or causes an error of our own', (_, files) => {
  const count = {loaded: 0, refused: 0}
  for (const {description, bytes} of files()) {
    try {
      const {writes} = loadKernel(bytes, {memoryBytes: MEMORY_BYTES, initrd})
      // The kernel and what is passed to it do not overlap.
      const places = writes.map(({address, bytes: {length}}) => ({address, end: address + length}))
      places.sort((a, b) => a.address - b.address)
      const met = places.find(({address}, i) => i > 0 && address < places[i - 1].end)
      if (met !== undefined) throw new Error(`something else is at ${met.address}`)
      count.loaded++
    } catch (error) {
      if (!(error instanceof HvError) || error.code !== 'BAD_KERNEL')
        throw new Error(`mutant ${description}: ${error}`, {cause: error})
      expect(`${error.message}; ${error.nextStep}`).toMatch(/^the kernel [ -~]+; [ -~]+$/)
      count.refused++
    }
  }
  expect(count.loaded).toBeGreaterThan(MUTANTS_EACH / 50)
  expect(count.refused).toBeGreaterThan(MUTANTS_EACH / 5)
})
