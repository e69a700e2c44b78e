// Debian's programs for arm64, in a bed with VHE, one with nVHE, and one without KVM.

import {beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed, type Inside} from '../bed/matrix.ts'
import type {Platform} from '../guests/run.ts'
import {programsOfBeds} from '../programs/list.ts'
import type {Ended} from '../programs/run.ts'

const runs: [bed: string, platform: Platform][] = [
  ['a76', 'kvm'],
  ['a72', 'kvm'],
  ['el1', 'ptrace'],
]
const names = programsOfBeds.map(({command, name}) => `${command[0]} ${name}`)
const TIMEOUT_MS = stepMs('bedPrograms')

describe.each(runs)("Debian's programs: %s, on %s", (bed, platform) => {
  const testPrograms = (inside: Inside): void => {
    const ended = new Map<string, {native: Ended; guest: Ended}>()

    beforeAll(async () => {
      const argv = ['node', 'test/programs/in-bed.ts', platform]
      const {status, stdout, stderr} = await inside(argv, {timeoutMs: TIMEOUT_MS})
      expect({status, stderr}).toEqual({status: 0, stderr: ''})
      for (const line of stdout.trim().split('\n')) {
        const {name, ...both} = JSON.parse(line)
        ended.set(name, both)
      }
    }, TIMEOUT_MS)

    test.for(names)('%s, as natively', (name) => {
      const {native, guest} = ended.get(name)!
      expect(guest).toEqual(native)
    })
  }
  describeBed(bed, testPrograms, {debian: true})
})
