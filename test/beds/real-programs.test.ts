// busybox, Lua and SQLite in the beds of every run: two minutes of emulated work each.

import {describe, expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed} from '../bed/matrix.ts'
import type {Platform} from '../guests/run.ts'

const runs: [bed: string, platform: Platform][] = [
  ['a76', 'kvm'],
  ['a72', 'kvm'],
  ['svm', 'kvm'],
  ['el1', 'ptrace'],
]

describe.each(runs)('busybox, Lua and SQLite: %s, on %s', (name, platform) => {
  describeBed(name, (inside) => {
    test('every case ends as it does natively', async () => {
      const guests = `.cache/guests/${bedNamed(name)!.architecture}`
      const argv = ['node', 'test/guests/real-programs.ts', platform, '/usr/bin/busybox', guests]
      const {status, stdout, stderr} = await inside(argv, {timeoutMs: stepMs('bedGuests')})
      expect({status, stderr}).toEqual({status: 0, stderr: ''})
      const cases = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(cases.length).toBeGreaterThan(90)
      for (const {name, native, guest} of cases) expect(guest, name).toEqual(native)
    })
  })
})
