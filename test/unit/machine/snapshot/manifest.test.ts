// The description of a snapshot is not trusted: what is none is refused, and nothing else happens.

import {expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import {decodeManifest, encodeManifest, type Manifest} from '../../../../src/machine/snapshot/manifest.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {mutatedText} from '../../../helpers/mutate-text.ts'

const SEED = 20261202
const MUTANTS = 400

const manifest: Manifest = {
  machine: {
    ...{
      cpus: 2,
      memoryBytes: 64 << 20,
      kernel: '/vmlinuz',
      initrd: undefined,
      append: 'quiet',
      reboots: false,
    },
    disks: [{path: '/disk', readOnly: true, bytes: 4096, modifiedMs: 1.5, iops: 10}],
    shares: [{path: '/srv', tag: 'files', writable: false, is9p: true}],
    networks: [{tap: 'tap0', bytesPerSecond: 4096}, {}],
  },
  devices: [{name: 'the clock', state: {ahead: 0}}],
}

test('a manifest comes back as it was', () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest)
})

test(`of ${MUTANTS} mutants each is a manifest, or SAVE_INVALID`, () => {
  const text = encodeManifest(manifest)
  for (let index = 0; index < MUTANTS; index++) {
    const mutant = mutatedText(text, seededRandom(SEED + index))
    try {
      const {machine} = decodeManifest(mutant)
      expect([machine.cpus, machine.memoryBytes].every(Number.isSafeInteger), mutant).toBe(true)
    } catch (error) {
      if (!(error instanceof HvError && error.code === 'SAVE_INVALID'))
        throw new Error(`mutant ${index}: ${mutant}`, {cause: error})
    }
  }
})
