// busybox, Lua and SQLite in the beds of every run: two minutes of emulated work each.

import {describe, expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import {describeBed} from '../bed/matrix.ts'

const REAL_PROGRAMS_TIMEOUT_MS = 500_000

describe.each(['a76', 'a72', 'svm'])('busybox, Lua and SQLite: %s', (name) => {
  describeBed(name, (inside) => {
    test('every case ends as it does natively', async () => {
      const guests = `.cache/guests/${bedNamed(name)!.architecture}`
      const argv = ['node', 'test/guests/real-programs.ts', '/usr/bin/busybox', guests]
      const {status, stdout, stderr} = await inside(argv, {timeoutMs: REAL_PROGRAMS_TIMEOUT_MS})
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
